# shellcheck shell=bash
# Trusted applications, built with OP-TEE's development kit and signed.

TA_DEV_KIT=/opt/rig/devkit/usr/lib/optee-os-dev/vexpress-qemu_armv8a

# build_ta DIR [--key PEM] [--release] [CARGO-OPTION...] builds and signs the trusted application in DIR and prints the
# path of UUID.ta. Without a key it is signed with the development kit's, which everybody has and only an OP-TEE for
# tests accepts; --release refuses that key, and what is built for tests. $SEALER_HAL_UID is the build's.
build_ta() {
    local dir target key=() release=() environment=() signed version into lock
    dir=$(realpath -e "$1")
    shift
    while [[ ${1:-} == --key || ${1:-} == --release ]]; do
        case $1 in
            --key)
                key=(--ro "$(realpath -e "$2")" key.pem)
                shift 2
                ;;
            --release)
                release=(--release)
                shift
                ;;
        esac
    done
    if [[ ${#release[@]} -gt 0 && ${#key[@]} -eq 0 ]]; then
        die "ta --release: needs --key; the development kit's key protects nothing"
    fi
    [[ -z ${SEALER_HAL_UID:-} ]] || environment=(--env "SEALER_HAL_UID=$SEALER_HAL_UID")
    # Builds with other options share what they are made of; what is signed has a directory of its own for each. The
    # lock keeps another build's binary from being signed for this one.
    target=$(target_dir "$dir" ta)
    into=$target/signed-$(key "$dir" "uid ${SEALER_HAL_UID:-}" "${key[*]}" "$@")
    mkdir -p "$into"
    exec {lock}>"$target/lock"
    flock "$lock"
    in_sysroot "$dir" "$target" --env TA_DEV_KIT_DIR="$TA_DEV_KIT" "${environment[@]}" \
        -- cargo build --locked --release --target aarch64-unknown-linux-gnu "$@"
    version=$(cargo pkgid --manifest-path "$dir/Cargo.toml")
    signed=$(sandbox --ro "$target" target --rw "$into" signed --ro "$RIG/inside" inside "${key[@]}" \
        --env TA_DEV_KIT_DIR="$TA_DEV_KIT" -- \
        python3 /w/inside/sign-ta "${release[@]}" --version "${version##*[#@]}" \
        /w/target/aarch64-unknown-linux-gnu/release /w/key.pem)
    exec {lock}>&-
    printf '%s/%s\n' "$into" "$signed"
}
