# shellcheck shell=bash
# The firmware: Trusted Firmware-A built from Debian's source package, with Debian's OP-TEE, as one flash image.

firmware_key() {
    key "$(sysroot_key)" "$RIG/lib/firmware.sh" "$RIG/inside/firmware"
}

firmware_dir() {
    printf '%s/firmware-%s\n' "$CACHE" "$(firmware_key)"
}

ensure_firmware() {
    stage firmware "$(firmware_key)" build_firmware
}

build_firmware() {
    sandbox --rw "$1" out --ro "$RIG/inside" inside -- bash /w/inside/firmware
}
