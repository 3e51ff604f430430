# shellcheck shell=bash
# Daemon, HAL and pkb on AOSP's own stack: the same sources, with AOSP's `binder` crate and the code of AOSP's aidl compiler
# where Cargo builds have service/binder and rsbinder.

AOSP_MEMBERS=(
    ta/wire ta/core ta/nonsecure tests/authenticator
    service/{archive,binder,binder-ndk-sys,catalogue,daemon,hal,identity,status,cli,aidl}
    service/android.hardware.security.sealer service/android.security.passkeybackup
)

# aosp_tree prints the workspace of the AOSP stack, brought up to date: this checkout's sources with their time stamps, so
# that Cargo builds again only what changed.
aosp_tree() {
    local tree generated member
    tree=$CACHE/rust/$(key "$CHECKOUT")
    mkdir -p "$tree/service"
    rm -rf "$tree"/ta "$tree"/tests "$tree"/service/{archive,catalogue,daemon,hal,identity,status,cli,aidl}
    (cd "$CHECKOUT" && git ls-files -co --exclude-standard ta service tests/authenticator | grep -v '^service/\(binder\|aidl\)/\|^ta/optee/' |
        xargs -d '\n' cp -a --parents -t "$tree")
    for member in binder binder-ndk-sys aidl; do
        mkdir -p "$tree/service/$member"
        cp -a "$AOSP/rust/$member/." "$tree/service/$member"
    done
    mkdir -p "$tree/service/aidl/src"
    cp -a "$CHECKOUT/service/aidl/src/platform.rs" "$tree/service/aidl/src"
    {
        printf '[workspace]\nresolver = "3"\nmembers = ['
        printf '"%s", ' "${AOSP_MEMBERS[@]}"
        printf ']\n'
        sed '1,/^]/d' "$CHECKOUT/Cargo.toml"
    } >"$tree/Cargo.toml"

    generated=$(mktemp -d)
    inside --rw "$generated" out -- bash /w/inside/aidl rust
    inside --rw "$tree" tree --ro "$generated" aidl -- bash /w/inside/rust
    rm -r "$generated"

    # This checkout's versions, and what AOSP's crate needs beyond them.
    cp "$CHECKOUT/Cargo.lock" "$tree/Cargo.lock"
    (cd "$tree" && cargo metadata --quiet --format-version 1 >/dev/null)
    printf '%s\n' "$tree"
}

# tee_client prints a directory with libteec where the optee-teec crate looks for it. The rig has it.
tee_client() {
    local root
    root=$("$RIG/rig" sysroot)/root
    stage client "$(key "$root" "$(declare -f build_tee_client)")" build_tee_client "$root"
}

build_tee_client() {
    mkdir -p "$1/usr/lib"
    cp -a "$2"/usr/lib/aarch64-linux-gnu/libteec.so* "$1/usr/lib"
}

# build_rust prints the directory with the binaries of the AOSP stack for the guest. Little is optimized: compiling takes
# longer than what the guest does with it.
build_rust() {
    local tree target userspace client
    userspace=$(ensure_userspace)
    client=$(tee_client)
    tree=$(aosp_tree)
    target=$CACHE/target/$(key "$(aosp_sysroot_key)" "$tree")
    mkdir -p "$target"
    in_sysroot "$tree" "$target" --ro "$userspace" userspace --ro "$client" client --env OPTEE_CLIENT_EXPORT=/w/client \
        --env CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=clang-19 \
        --env CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUSTFLAGS="-Clink-arg=--target=aarch64-linux-gnu \
-Clink-arg=-fuse-ld=lld -Clink-arg=-Wl,--allow-shlib-undefined -Lnative=/w/userspace/lib" \
        --env CARGO_PROFILE_RELEASE_OPT_LEVEL=1 --env CARGO_PROFILE_RELEASE_DEBUG=0 \
        --env CC_aarch64_unknown_linux_gnu="clang-19" \
        --env CFLAGS_aarch64_unknown_linux_gnu="--target=aarch64-linux-gnu" \
        -- cargo build --locked --release --target aarch64-unknown-linux-gnu \
        -p passkeybackupd -p pkb -p sealer-hal --no-default-features --features sealer-hal/nonsecure,sealer-hal/optee --bins
    printf '%s/aarch64-unknown-linux-gnu/release\n' "$target"
}

# check_android type-checks what ships for Android's targets.
check_android() {
    local target
    target=$CACHE/target/$(key "$(aosp_sysroot_key)" "path $CHECKOUT" android)
    mkdir -p "$target"
    in_sysroot "$CHECKOUT" "$target" --ro "$AOSP/inside" inside -- bash /w/inside/android-check
}
