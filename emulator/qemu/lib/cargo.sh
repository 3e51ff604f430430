# shellcheck shell=bash
# Cargo packages built in the sysroot. The host only fetches what a Cargo.lock names; the build sees no network,
# the sources read-only, and always the same paths.

# workspace DIR prints the root manifest of the workspace that the package in DIR belongs to.
workspace() {
    command -v cargo >/dev/null || die "'cargo' is missing: install Rust as this project's README says"
    cargo locate-project --workspace --message-format plain --manifest-path "$1/Cargo.toml"
}

# vendor_dir WORKSPACE prints the directory with every dependency that the workspace's lock file names.
vendor_dir() {
    local lock
    lock=$(dirname "$1")/Cargo.lock
    [[ -f $lock ]] || die "no $lock: run 'cargo generate-lockfile' and commit it"
    stage vendor "$(key "$lock" "$(declare -f build_vendor)")" build_vendor "$1"
}

build_vendor() {
    # What it prints is the configuration that makes Cargo use the directory, also for git dependencies.
    (cd "$1" && cargo vendor --locked --versioned-dirs --manifest-path "$2" crates) |
        sed 's|^directory = .*|directory = "/w/vendor/crates"|' >"$1/config.toml"
}

# target_dir DIR KIND prints the build directory for the package in DIR and one kind of build. Cargo decides by time
# stamps what is stale, so a build directory belongs to one checkout. Workspaces in it share what they have in common.
target_dir() {
    local root dir
    root=$(source_root "$1")
    dir=$CACHE/target/$(key "$(sysroot_key)" "path $root" "$2")
    mkdir -p "$dir"
    printf '%s\n' "$dir"
}

# source_root DIR prints the checkout that DIR is in, for path dependencies, or else DIR itself.
source_root() {
    local dir=$1
    until [[ -e $dir/.git || $dir == / ]]; do
        dir=$(dirname "$dir")
    done
    [[ $dir != / ]] || dir=$1
    printf '%s\n' "$dir"
}

# in_sysroot DIR TARGET [SANDBOX-OPTION...] -- COMMAND... runs a command that calls Cargo for the package in DIR,
# with the build directory TARGET.
in_sysroot() {
    local dir=$1 target=$2 root vendor options=()
    shift 2
    while [[ $1 != -- ]]; do
        options+=("$1")
        shift
    done
    shift
    root=$(source_root "$dir")
    vendor=$(workspace "$dir")
    vendor=$(vendor_dir "$vendor")
    # The package's own .cargo/config.toml counts: Cargo looks for it from the current directory.
    sandbox --ro "$root" src --ro "$vendor" vendor --rw "$target" target \
        --env CARGO_HOME=/w/vendor --env CARGO_NET_OFFLINE=true --env CARGO_TARGET_DIR=/w/target \
        --cd "/w/src${dir#"$root"}" "${options[@]}" -- "$@" >&2
}

# For build_package and build_tests: the compilers, and no debug information, which the guest's memory would have to hold.
PACKAGE_OPTIONS=(
    --env CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
    --env CC_aarch64_unknown_linux_gnu=aarch64-linux-gnu-gcc
    --env CARGO_PROFILE_RELEASE_DEBUG=0
    --env OPTEE_CLIENT_EXPORT=/opt/rig/client
)

# build_package DIR [CARGO-OPTION...] builds the package in DIR for the guest's user space and prints the directory with
# its binaries.
build_package() {
    local dir target
    dir=$(realpath -e "$1")
    target=$(target_dir "$dir" package)
    shift
    in_sysroot "$dir" "$target" "${PACKAGE_OPTIONS[@]}" \
        -- cargo build --locked --release --target aarch64-unknown-linux-gnu "$@"
    printf '%s/aarch64-unknown-linux-gnu/release\n' "$target"
}

# build_tests DIR [CARGO-OPTION...] builds tests for the guest and prints the path of each test program.
build_tests() {
    local dir target
    dir=$(realpath -e "$1")
    target=$(target_dir "$dir" package)
    shift
    # Cargo alone knows what it calls them.
    in_sysroot "$dir" "$target" "${PACKAGE_OPTIONS[@]}" \
        -- sh -euc 'cargo test --no-run --message-format=json-render-diagnostics "$@" >/w/target/tests.json' sh \
        --locked --release --target aarch64-unknown-linux-gnu "$@"
    sed -n 's|.*"executable":"/w/target/\([^"]*\)".*|\1|p' "$target/tests.json" | sed "s|^|$target/|"
}

# check_bare DIR [CARGO-OPTION...] type-checks the package in DIR for a target without an operating system, which shows
# that neither it nor a dependency needs `std`: there is none. The rest of the standard library is checked along from its
# source, hence the compiler's unstable option; nothing of this is shipped.
check_bare() {
    local dir target
    dir=$(realpath -e "$1")
    target=$(target_dir "$dir" bare)
    shift
    in_sysroot "$dir" "$target" --ro "$RIG/inside" inside --env CARGO_PROFILE_DEV_DEBUG=0 \
        -- bash /w/inside/cargo-bare check --locked --target aarch64-unknown-none "$@"
}
