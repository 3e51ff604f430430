# shellcheck shell=bash
# Android.bp and the page of crates: made from the Cargo packages, formatted by AOSP's bpfmt.

# make_bp DIR writes both files into DIR.
make_bp() {
    local to=$1
    mkdir "$to/raw"
    python3 "$AOSP/android_bp.py" bp >"$to/raw/Android.bp" || return
    python3 "$AOSP/android_bp.py" crates >"$to/android-crates.md" || return
    inside --ro "$to/raw" raw -- bpfmt -s -o /w/raw/Android.bp >"$to/Android.bp"
    rm -r "$to/raw"
}

# bp [--check] writes the files, or says how they differ from what they should be.
bp() {
    local new status=0 file
    new=$(mktemp -d)
    make_bp "$new"
    for file in Android.bp android-crates.md; do
        if [[ ${1:-} != --check ]]; then
            install -m 644 "$new/$file" "$CHECKOUT/$file"
        elif ! diff -u "$CHECKOUT/$file" "$new/$file"; then
            say "$file is not what the Cargo packages say: run '$AOSP/aosp bp'"
            status=1
        fi
    done
    rm -r "$new"
    return "$status"
}

# check_bp_format fails, with the difference, for a file that bpfmt would write otherwise.
check_bp_format() {
    inside -- sh -ec 'for file in $(find /w/src -name Android.bp -not -path "*/target/*"); do
        bpfmt -s -o "$file" | diff -u "$file" -
    done'
}

# check_bp_files fails for a file that an Android.bp names and that is not there, and for a module that is named and
# neither defined here nor one of the platform's or a crate's.
check_bp_files() {
    (cd "$CHECKOUT" && python3 "$AOSP/bp_names.py")
}
