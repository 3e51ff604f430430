# shellcheck shell=bash
# What of this project goes into the guest.

# All that is ever built for the guest, so that whatever is asked for first, the rest shares what it is made of: another
# selection of packages would have other features, and be compiled again.
PROJECT_PACKAGES=(
    -p passkeybackupd -p sealer-hal -p pkb -p test-authenticator
    -p e2e -p guest -p optee-tests
    --features sealer-hal/optee,guest/guest,optee-tests/optee
)

# Binaries that go to /usr/bin, and those that tests need besides.
PROJECT_BINARIES=(passkeybackupd sealer-hal-optee sealer-hal-nonsecure pkb pkb-authenticator)
PROJECT_TEST_BINARIES=(binder-probe path-bench optee-tests)

# Test programs: the suite of every target, and what only this machine can show.
PROJECT_TESTS=(
    story bytes ceremonies epochs factors imports isolation command_line
    binder killed reboot tee_storage
)

# The service manager is used as it is published; see hub/Cargo.toml.
HUB_BINARIES=(rsb_hub rsb_service)

# project_overlay DIR SEALER builds the parts and copies them to where they go in the guest, whose services are to use
# this sealer.
project_overlay() {
    local into=$1 sealer=$2 checkout built
    checkout=$(realpath "$RIG/../..")
    mkdir -p "$into/usr/bin" "$into/usr/lib/optee_armtz" "$into/etc/rig"
    cp -r "$RIG/project/." "$into"
    printf 'sealer=%s\n' "$sealer" >"$into/etc/rig/sealer"

    built=$(build_package "$checkout" "${PROJECT_PACKAGES[@]}" "${PROJECT_BINARIES[@]/#/--bin=}")
    cp "${PROJECT_BINARIES[@]/#/$built/}" "$into/usr/bin"
    # It only looks names up: what matters is how long its compilation takes.
    built=$(
        PACKAGE_OPTIONS+=(--env CARGO_PROFILE_RELEASE_OPT_LEVEL=0)
        build_package "$RIG/hub" -p rsbinder-tools "${HUB_BINARIES[@]/#/--bin=}"
    )
    cp "${HUB_BINARIES[@]/#/$built/}" "$into/usr/bin"
    built=$(build_ta "$checkout/ta/optee")
    cp "$built" "$into/usr/lib/optee_armtz"
}

# project_tests DIR builds the project's tests for the guest and copies them to DIR, each under its name.
project_tests() {
    local into=$1 checkout built program
    checkout=$(realpath "$RIG/../..")
    mkdir -p "$into"
    built=$(build_package "$checkout" "${PROJECT_PACKAGES[@]}" "${PROJECT_TEST_BINARIES[@]/#/--bin=}")
    cp "${PROJECT_TEST_BINARIES[@]/#/$built/}" "$into"
    built=$(build_tests "$checkout" "${PROJECT_PACKAGES[@]}" "${PROJECT_TESTS[@]/#/--test=}")
    for program in $built; do
        # Cargo adds a digest; programs of the package itself are listed as well, without one.
        [[ $program != */deps/* ]] || cp "$program" "$into/$(basename "${program%-*}")"
    done
}
