# shellcheck shell=bash
# AOSP's own binder for the guest.

userspace_key() {
    key "$(aosp_sysroot_key)" "$AOSP/inside/userspace" \
        "$(find "$AOSP/userspace" -type f -exec sha256sum {} + | sort | cut -d' ' -f1)"
}

ensure_userspace() {
    stage userspace "$(userspace_key)" build_userspace
}

build_userspace() {
    inside --rw "$1" out -- bash /w/inside/userspace
}
