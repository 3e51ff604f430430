# shellcheck shell=bash
# What of this project goes into the guest.

# Packages of the project's workspace, and their binaries, which go to /usr/bin.
PROJECT_PACKAGES=(-p passkeybackupd -p sealer-hal -p pkb -p test-authenticator)
PROJECT_BINARIES=(passkeybackupd sealer-hal-nonsecure pkb pkb-authenticator)

# The service manager is used as it is published; see hub/Cargo.toml.
HUB_BINARIES=(rsb_hub rsb_service)

# project_overlay DIR SEALER builds the parts and copies them to where they go in the guest, whose services are to use
# this sealer.
project_overlay() {
    local into=$1 sealer=$2 checkout built
    checkout=$(realpath "$RIG/../..")
    mkdir -p "$into/usr/bin" "$into/etc/rig"
    cp -r "$RIG/project/." "$into"
    printf 'sealer=%s\n' "$sealer" >"$into/etc/rig/sealer"

    built=$(build_package "$checkout" "${PROJECT_PACKAGES[@]}" --bins)
    cp "${PROJECT_BINARIES[@]/#/$built/}" "$into/usr/bin"
    built=$(build_package "$RIG/hub" -p rsbinder-tools "${HUB_BINARIES[@]/#/--bin=}")
    cp "${HUB_BINARIES[@]/#/$built/}" "$into/usr/bin"
}
