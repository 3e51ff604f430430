# shellcheck shell=bash
# The Android build system root: Debian 13 with AOSP's compilers, libraries and checkers, as far as Debian has
# them. amd64 runs; arm64, the architecture of the guest, is what is built for.

AOSP_SUITE=trixie

AOSP_PACKAGES=(
    # C++ and Rust.
    clang-19 lld-19 llvm-19 libclang-19-dev bindgen binutils-aarch64-linux-gnu
    libstdc++-14-dev libstdc++-14-dev:arm64 libc6-dev:arm64
    rustc-web cargo-web libstd-rust-web-dev:arm64 rust-web-src
    # What AOSP's binder and init are built against.
    android-libbase-dev android-libutils-dev android-libcutils-dev android-liblog-dev libselinux1-dev
    android-libbase-dev:arm64 android-libcutils-dev:arm64
    android-liblog-dev:arm64 libselinux1-dev:arm64
    # Android.bp, policy, and Java for what `aidl --lang=java` makes.
    blueprint-tools m4 checkpolicy secilc setools
    openjdk-21-jdk-headless
    # For the guest, and the way into it.
    adb adbd:arm64
    # Link stubs for Android targets.
    libunwind-19-dev:arm64
    python3 dpkg-dev make patch
)

AOSP_OPTIONS=(
    --variant=apt --architectures=amd64,arm64
    --include="$(IFS=, && echo "${AOSP_PACKAGES[*]}")"
    # An archive snapshot that has not moved for a while is still the suite that was asked for.
    --aptopt='Acquire::Check-Valid-Until "false"'
    --aptopt='Acquire::Languages "none"'
    --aptopt='APT::Install-Recommends "false"'
    --dpkgopt=force-unsafe-io
    --dpkgopt='path-exclude=/usr/share/man/*'
    --dpkgopt='path-exclude=/usr/share/doc/*'
    --dpkgopt='path-exclude=/usr/share/locale/*'
    # The JDK's set-up fails without it.
    --essential-hook='mkdir -p "$1/usr/share/man/man1"'
    # Of the Rust sources only the library is built; of the arm64 Rust only the library is linked. The last
    # match decides, and a star matches slashes too.
    --dpkgopt='path-exclude=/usr/src/rustc-*'
    --dpkgopt='path-include=/usr/src/rustc-*/library/*'
    --dpkgopt='path-exclude=/usr/lib/aarch64-linux-gnu/libLLVM*'
    --dpkgopt='path-exclude=/usr/lib/aarch64-linux-gnu/librustc_driver*'
    # Passed as text: in a user namespace the checkout may not be readable.
    --customize-hook="$(<"$AOSP/lib/sysroot-hook.sh")"
)

aosp_sysroot_key() {
    key "suite $AOSP_SUITE" "${AOSP_OPTIONS[@]}" "$(declare -f build_aosp_sysroot)"
}

# Takes the place of the rig's: its sandbox runs in this system root.
ensure_sysroot() {
    stage sysroot "$(aosp_sysroot_key)" build_aosp_sysroot
}

build_aosp_sysroot() {
    local root=$1/root
    need_sysroot_tools
    mkdir "$root"
    if [[ $EUID -eq 0 ]]; then
        mmdebstrap --quiet --mode=root --format=directory "${AOSP_OPTIONS[@]}" "$AOSP_SUITE" "$root" || return
    else
        # Unpacked as one owner: the sandbox maps no more than that, and the user can delete it.
        mmdebstrap --quiet --mode=unshare --format=tar --skip=output/dev \
            "${AOSP_OPTIONS[@]}" "$AOSP_SUITE" - |
            tar -C "$root" -x --no-same-owner --no-same-permissions || return
    fi
    mkdir -p "$root"/{dev,w}
}
