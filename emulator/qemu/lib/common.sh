# shellcheck shell=bash
# Messages, cache paths and the one way in which a stage is built and kept.

# Outside the checkout, so that a clean checkout stays clean and a fresh one starts warm.
CACHE=${PKB_CACHE:-$HOME/.cache/passkey-backup}/qemu

say() { printf 'rig: %s\n' "$*" >&2; }

die() {
    say "$*"
    exit 1
}

# key WORD... prints the cache key of a stage: a digest of this stage's own scripts and of whatever
# else decides its content. A word that names a file stands for the file's content.
key() {
    local word
    for word in "$@"; do
        if [[ -f $word ]]; then
            sha256sum <"$word"
        else
            printf '%s\n' "$word"
        fi
    done | sha256sum | cut -c1-16
}

# stage NAME KEY BUILDER [ARG...] prints the directory of a finished stage. If there is none yet, it calls
# `BUILDER DIR ARG...` to fill an empty directory and only then gives that its final name: a directory
# with a final name is complete, however a run was interrupted. A builder returns the failure of any of its steps by
# itself: `set -e` does not hold where a caller looks at the result.
stage() {
    local name=$1 dir=$CACHE/$1-$2
    shift 2
    if [[ ! -d $dir ]]; then
        mkdir -p "$CACHE"
        (build_stage "$name" "$dir" "$@") || return
    fi
    printf '%s\n' "$dir"
}

# The lock keeps two runs from building the same thing twice, and makes what an interrupted run left safe to remove.
build_stage() {
    local name=$1 dir=$2 builder=$3 lock
    shift 3
    exec {lock}>"$dir.lock"
    flock "$lock"
    [[ ! -d $dir ]] || return 0
    rm -rf --one-file-system "$dir.partial"
    mkdir "$dir.partial"
    say "$name: building"
    SECONDS=0
    # Whatever outlives the builder must not hold the lock.
    "$builder" "$dir.partial" "$@" {lock}>&- >&2 || die "$name: failed"
    mv -T "$dir.partial" "$dir"
    say "$name: built in $SECONDS s, $(du -sh "$dir" | cut -f1)"
}

# clean removes everything but the stages that the current scripts use, or with --all those too.
clean() {
    local current=() entry
    [[ ${1:-} == --all ]] || current=("$(sysroot_dir)" "$(firmware_dir)" "$(guest_dir)")
    for entry in "$CACHE"/*; do
        [[ " ${current[*]} " == *" $entry "* ]] || rm -rf --one-file-system "$entry"
    done
}
