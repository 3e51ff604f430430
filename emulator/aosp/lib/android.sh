# shellcheck shell=bash
# What ships, for Android's own targets: an Android tree and the NDK are not needed, and not replaced.

# in_android COMMAND... calls inside/android. Type check and link share a build directory: what runs on the host is the same.
in_android() {
    local target
    target=$CACHE/target/$(key "$(aosp_sysroot_key)" "path $CHECKOUT" android)
    mkdir -p "$target"
    in_sysroot "$CHECKOUT" "$target" --ro "$AOSP/inside" inside -- bash /w/inside/android "$@"
}
