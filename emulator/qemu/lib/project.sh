# shellcheck shell=bash
# What of this project goes into the guest. A line is skipped, with a note, as long as its package does not
# exist.

# kind  package        binary (for `bin`) and where it goes
PROJECT_PARTS=(
    "ta     ta/optee"
    "bin    service/daemon  passkeybackupd   /usr/bin/passkeybackupd"
    "bin    service/hal     sealer-hal       /usr/bin/sealer-hal"
    "bin    service/cli     pkb              /usr/bin/pkb"
)

# project_overlay DIR builds the parts and copies them to where they go in the guest.
project_overlay() {
    local into=$1 checkout part kind package binary path built
    checkout=$(realpath "$RIG/../..")
    for part in "${PROJECT_PARTS[@]}"; do
        read -r kind package binary path <<<"$part"
        if [[ ! -f $checkout/$package/Cargo.toml ]]; then
            say "$package: not there yet"
            continue
        fi
        case $kind in
            ta)
                built=$(build_ta "$checkout/$package")
                install -D -m 644 "$built" "$into/usr/lib/optee_armtz/$(basename "$built")"
                ;;
            bin)
                built=$(build_package "$checkout/$package" --bin "$binary")
                install -D -m 755 "$built/$binary" "$into$path"
                ;;
        esac
    done
}
