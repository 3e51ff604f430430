# Sourced by the parts of tests/run: running checks and counting them.

# check NAME COMMAND...: one check; its output is shown only if it fails.
check() {
    local name=$1 log
    shift
    log=$(mktemp)
    if "$@" > "$log" 2>&1; then
        echo "1 0 $name" >> "$PKB_RESULTS"
        echo "ok    $name"
    else
        echo "0 1 $name" >> "$PKB_RESULTS"
        echo "FAIL  $name"
        sed 's/^/      /' "$log"
    fi
    rm -f "$log"
}

# cargo_tests NAME ARGUMENT...: `cargo test` with its tests counted. A build that fails is a failure.
cargo_tests() {
    local name=$1 log status=0
    shift
    log=$(mktemp)
    cargo test --locked --no-fail-fast "$@" 2>&1 | tee "$log" || status=$?
    awk -v name="$name" -v status="$status" '
        /^test result:/ { passed += $4; failed += $6 }
        END {
            if (status != 0 && failed == 0) failed = 1
            print passed + 0, failed + 0, name
        }' "$log" >> "$PKB_RESULTS"
    rm -f "$log"
}

# own_checks NAME COMMAND...: a command that prints a line "ok WHAT" or "FAIL WHAT" for each check of its own. If it ends
# badly without a failed one, or checks nothing, NAME has failed.
own_checks() {
    local name=$1 log status=0
    shift
    log=$(mktemp)
    "$@" 2>&1 | tee "$log" || status=$?
    awk -v name="$name" -v status="$status" '
        sub(/^ok +/, "") { print 1, 0, $0; passed++ }
        sub(/^FAIL +/, "") { print 0, 1, $0; failed++ }
        END { if ((status != 0 && failed == 0) || passed + failed == 0) print 0, 1, name }' "$log" >> "$PKB_RESULTS"
    rm -f "$log"
}
