# shellcheck shell=bash
# The AOSP guest: the rig's machine, with OP-TEE or without, and in it AOSP's servicemanager, adbd, and this project's
# programs built on AOSP's `binder` crate, each in its own domain under SELinux in enforcing mode.

guest_programs_key() {
    key "$(userspace_key)" "$AOSP/inside/guest-programs" "$AOSP/inside/aidl" "$AOSP/guest/label.cpp" "$AOSP/guest/client.cpp" \
        "$(cd "$CHECKOUT/aidl" && find . -name '*.aidl' -exec sha256sum {} + | LC_ALL=C sort)"
}

ensure_guest_programs() {
    local userspace
    userspace=$(ensure_userspace)
    stage guest-programs "$(guest_programs_key)" build_guest_programs "$userspace"
}

build_guest_programs() {
    inside --ro "$2" userspace --rw "$1" out -- bash /w/inside/guest-programs
}

# guest_overlay DIR SEALER fills DIR with what this project lays over the rig's guest.
guest_overlay() {
    local to=$1 sealer=$2 userspace rust programs rig
    userspace=$(ensure_userspace)
    rust=$(build_rust)
    programs=$(ensure_guest_programs)
    rig=$("$RIG/rig" sysroot)/root
    inside --ro "$userspace" userspace --ro "$rust" rust --ro "$programs" programs --ro "$rig" rig \
        --rw "$to" out -- bash /w/inside/guest-overlay "$sealer"
    if [[ $sealer == optee ]]; then
        mkdir -p "$to/usr/lib/optee_armtz"
        cp "$(guest_ta)" "$to/usr/lib/optee_armtz"
    fi
}

# guest_ta prints the path of the trusted application.
guest_ta() {
    "$RIG/rig" ta
}

# test_guest SEALER boots the guest and runs the test of it over adb: with `none`, that of installing this project into it.
# $AOSP_LOGS is where the logs go.
test_guest() {
    local sealer=${1:-} run status=0 firmware guest android authenticator rust
    [[ $sealer == optee || $sealer == nonsecure || $sealer == none ]] ||
        die "guest: the sealer is optee, nonsecure or none, not '$sealer'"
    firmware=$("$RIG/rig" firmware)
    guest=$("$RIG/rig" guest)
    android=$(ensure_sysroot)/root
    rust=$(build_rust)
    authenticator=$(authenticator)
    run=$(mktemp -d "${TMPDIR:-/tmp}/aosp-guest.XXXXXXXX")
    # shellcheck disable=SC2064
    trap "rm -rf '$run'" EXIT
    mkdir -p "$run"/{overlay/etc/rig,disk}
    guest_overlay "$run/overlay" "$sealer"
    echo "exec /etc/aosp/init" >"$run/overlay/etc/rig/command"
    # In the rig's system root, which has QEMU; adb comes from the other one.
    in_rig sandbox --ro "$RIG/inside" inside --ro "$firmware" firmware --ro "$guest" guest \
        --rw "$run" boot --rw "$run/disk" disk --ro "$CHECKOUT" src --ro "$android" android --ro "$rust" rust \
        --ro "$(dirname "$authenticator")" authenticator \
        --env RIG_NETWORK=restrict=on,hostfwd=tcp:127.0.0.1:5555-:5555 \
        -- python3 /w/src/emulator/aosp/guest/test.py "$sealer" || status=$?
    [[ -z ${AOSP_LOGS:-} ]] || { mkdir -p "$AOSP_LOGS" && cp "$run"/*.log "$AOSP_LOGS"; }
    return "$status"
}

# authenticator prints the path of the program that plays the user's passkey: it runs on the host, as a browser would.
authenticator() {
    (cd "$CHECKOUT" && cargo build --quiet --release --locked --workspace --bin pkb-authenticator >&2)
    realpath -e "${CARGO_TARGET_DIR:-$CHECKOUT/target}/release/pkb-authenticator"
}
