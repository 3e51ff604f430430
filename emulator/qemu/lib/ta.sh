# shellcheck shell=bash
# Trusted applications, built with OP-TEE's development kit and signed.

TA_DEV_KIT=/opt/rig/devkit/usr/lib/optee-os-dev/vexpress-qemu_armv8a

# build_ta DIR [--key PEM] [CARGO-OPTION...] builds and signs the trusted application in DIR and prints the path of
# UUID.ta. Without a key it is signed with the development kit's, which everybody has and only an OP-TEE for
# tests accepts.
build_ta() {
    local dir target key=() signed
    dir=$(realpath -e "$1")
    shift
    if [[ ${1:-} == --key ]]; then
        key=(--ro "$(realpath -e "$2")" key.pem)
        shift 2
    fi
    target=$(target_dir "$dir" ta)
    in_sysroot "$dir" "$target" --env TA_DEV_KIT_DIR="$TA_DEV_KIT" \
        -- cargo build --locked --release --target aarch64-unknown-linux-gnu "$@"
    signed=$(sandbox --rw "$target" target --ro "$RIG/inside" inside "${key[@]}" \
        --env TA_DEV_KIT_DIR="$TA_DEV_KIT" -- \
        python3 /w/inside/sign-ta /w/target/aarch64-unknown-linux-gnu/release /w/key.pem)
    printf '%s/%s\n' "$target" "$signed"
}
