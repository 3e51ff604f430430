# shellcheck shell=bash
# The guest: Debian's arm64 kernel and an initramfs with its user space. What belongs to this project
# or to one run is laid over it at boot (boot.sh), so that this part stays cached.

guest_key() {
    local files
    # With names: a file that moved makes a different guest.
    files=$(cd "$RIG" && find guest -type f -exec sha256sum {} + | LC_ALL=C sort)
    key "$(sysroot_key)" "$RIG/lib/guest.sh" "$RIG/inside/guest" "$files"
}

guest_dir() {
    printf '%s/guest-%s\n' "$CACHE" "$(guest_key)"
}

ensure_guest() {
    stage guest "$(guest_key)" build_guest
}

build_guest() {
    sandbox --rw "$1" out --ro "$RIG/inside" inside --ro "$RIG/guest" files -- bash /w/inside/guest
}
