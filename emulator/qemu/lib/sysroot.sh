# shellcheck shell=bash
# The sysroot: Debian 13 with every tool and library of the rig, in versions that do not depend on the
# host. amd64 runs; arm64 is what is built for.

SYSROOT_SUITE=trixie

# Tools, and libraries to link against. Rust is the packaged one that is kept new for browsers: the
# plain `rustc` of this suite is too old for optee-utee.
SYSROOT_PACKAGES=(
    rustc-web cargo-web rust-web-src libstd-rust-web-dev:arm64
    gcc-aarch64-linux-gnu libc6-dev:arm64 libgcc-14-dev:arm64
    optee-client-dev:arm64 libteec2:arm64
    python3-cryptography python3-pyelftools
    make dpkg-dev arm-trusted-firmware-tools device-tree-compiler
    qemu-system-arm cpio kmod xz-utils e2fsprogs
)

# Kept as packages in /opt/rig and unpacked where they are used: for another machine (firmware, guest),
# or not installable here (optee-os-dev:arm64 beside python3:amd64).
SYSROOT_DOWNLOADS=(
    optee-os optee-os-dev:arm64
    tee-supplicant:arm64 libteec2:arm64 optee-test-qemu:arm64 libckteec0t64:arm64
    busybox-static:arm64 util-linux:arm64
    libc6:arm64 libgcc-s1:arm64 libssl3t64:arm64 zlib1g:arm64 libzstd1:arm64 libcap-ng0:arm64
)

SYSROOT_OPTIONS=(
    --variant=apt --architectures=amd64,arm64
    --include="$(IFS=, && echo "${SYSROOT_PACKAGES[*]}")"
    # An archive snapshot that has not moved for a while is still the suite that was asked for.
    --aptopt='Acquire::Check-Valid-Until "false"'
    --aptopt='Acquire::Languages "none"'
    --dpkgopt=force-unsafe-io
    --dpkgopt='path-exclude=/usr/share/man/*'
    --dpkgopt='path-exclude=/usr/share/doc/*'
    --dpkgopt='path-exclude=/usr/share/locale/*'
    # Of the Rust sources only the library is built; of the arm64 Rust only the library is linked. The last
    # match decides, and a star matches slashes too.
    --dpkgopt='path-exclude=/usr/src/rustc-*'
    --dpkgopt='path-include=/usr/src/rustc-*/library/*'
    --dpkgopt='path-exclude=/usr/lib/aarch64-linux-gnu/libLLVM*'
    --dpkgopt='path-exclude=/usr/lib/aarch64-linux-gnu/librustc_driver*'
    # Passed as text: in a user namespace the checkout may not be readable.
    --customize-hook="set -- \"\$1\" ${SYSROOT_DOWNLOADS[*]}; $(<"$RIG/lib/sysroot-hook.sh")"
)

sysroot_dir() {
    printf '%s/sysroot-%s\n' "$CACHE" "$(sysroot_key)"
}

# What decides the content, and not this file, because a remark in it is not worth a rebuild.
sysroot_key() {
    key "suite $SYSROOT_SUITE" "${SYSROOT_OPTIONS[@]}" "$(declare -f build_sysroot)"
}

ensure_sysroot() {
    stage sysroot "$(sysroot_key)" build_sysroot
}

build_sysroot() {
    local root=$1/root
    need_sysroot_tools
    mkdir "$root"
    if [[ $EUID -eq 0 ]]; then
        mmdebstrap --quiet --mode=root --format=directory "${SYSROOT_OPTIONS[@]}" "$SYSROOT_SUITE" "$root" || return
    else
        # Unpacked as one owner: the sandbox maps no more than that, and the user can delete it.
        mmdebstrap --quiet --mode=unshare --format=tar --skip=output/dev \
            "${SYSROOT_OPTIONS[@]}" "$SYSROOT_SUITE" - |
            tar -C "$root" -x --no-same-owner --no-same-permissions || return
    fi
    mkdir -p "$root"/{dev,w}
}
