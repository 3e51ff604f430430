# Sourced by whatever tests the programs from outside.

# test_programs: builds the tests and, along with them, the programs that they run: passkeybackupd and pkb, and
# a daemon with its test hooks. Copies those to a folder where no later build replaces them, and sets PKB_BIN_DIR,
# where tests look for them instead of calling Cargo. One selection of packages throughout (all of the
# workspace, with what tests need), as another one has other features and builds everything again.
test_programs() {
    local target=${CARGO_TARGET_DIR:-target} folder
    local build=(cargo build --quiet --release --locked --workspace)
    folder=$target/test-programs
    mkdir -p "$folder/test-hooks"
    folder=$(cd "$folder" && pwd)
    "${build[@]}" --bin passkeybackupd --test daemon --features passkeybackupd/test-hooks
    install -t "$folder/test-hooks" "$target/release/passkeybackupd"
    # The last build is the one without hooks: none stays where somebody looks for a daemon.
    "${build[@]}" --all-targets
    install -t "$folder" "$target"/release/{passkeybackupd,pkb,pkb-authenticator,examples/webauthn-check}
    export PKB_BIN_DIR=$folder
}
