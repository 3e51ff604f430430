# shellcheck shell=bash
# Daemon, HAL and pkb on AOSP's own stack: the same sources, with AOSP's `binder` crate and the code of AOSP's aidl compiler
# where Cargo builds have service/binder and rsbinder.

AOSP_MEMBERS=(
    ta/wire ta/core ta/nonsecure tests/authenticator
    service/{archive,binder,binder-ndk-sys,catalogue,daemon,hal,identity,status,cli,aidl}
    service/android.hardware.security.sealer service/android.security.passkeybackup
)

# What is built. The authenticator is not, but what it asks of common crates is asked in the rig's build too: with other
# features most of them would be compiled a second time.
AOSP_BUILD=(
    -p passkeybackupd -p pkb -p sealer-hal -p test-authenticator
    --no-default-features --features sealer-hal/nonsecure,sealer-hal/optee
    --bin passkeybackupd --bin pkb --bin sealer-hal-optee --bin sealer-hal-nonsecure
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

# in_rig COMMAND... runs a function with the system root and the cache of the rig in place of this one's.
in_rig() (
    CACHE=${PKB_CACHE:-$HOME/.cache/passkey-backup}/qemu
    # shellcheck source=/dev/null
    . "$RIG/lib/sysroot.sh"
    "$@"
)

# build_rust prints the directory with the binaries of the AOSP stack for the guest. They are built as the rig builds its
# own, in the same system root; all that AOSP's part takes is generated before and libbinder_ndk to link with.
build_rust() {
    local tree programs target
    programs=$(ensure_guest_programs)
    tree=$(aosp_tree)
    target=$CACHE/target/$(key "$(in_rig sysroot_key)" "$tree")
    [[ -d $target ]] || take_common_crates "$target"
    in_rig in_sysroot "$tree" "$target" "${PACKAGE_OPTIONS[@]}" --ro "$programs/stubs" stubs --env BINDER_NDK_STUBS=/w/stubs \
        -- cargo build --locked --release --target aarch64-unknown-linux-gnu \
        "${AOSP_BUILD[@]}"
    printf '%s/aarch64-unknown-linux-gnu/release\n' "$target"
}

# take_common_crates TARGET starts a build directory with what the rig has compiled for this checkout, if it has: most
# crates are the same on both stacks, and Cargo finds out which.
take_common_crates() {
    local rigs
    rigs=$(in_rig target_dir "$CHECKOUT" package)
    mkdir -p "$(dirname "$1")"
    rm -rf "$1.partial"
    cp -a "$rigs" "$1.partial"
    mv -T "$1.partial" "$1"
}
