# shellcheck shell=bash
# Tests of the rig itself, with nothing of this project in the guest. The project's own tests use `rig run`.

# Cases of OP-TEE's own test program, chosen to take about a minute: that OP-TEE lives, its crypto, its storage.
XTEST_CASES=(1001 4001 4002 4003 4004 4005 4009 4010 4015 4016 6001 6002 6003 6004 6006 6007 6009 6010 6015 6020)

test_names() {
    declare -F | sed -n 's/^declare -f case_//p'
}

# run_tests [NAME...] runs the named tests, or all, and fails if one of them did.
run_tests() {
    local name names=("$@") failed=() output
    [[ $# -gt 0 ]] || mapfile -t names < <(test_names)
    output=$(mktemp)
    for name in "${names[@]}"; do
        declare -F "case_$name" >/dev/null || die "no test '$name'; there are: $(test_names | xargs)"
    done
    # Whatever has to be built is built first and not counted as time of a test.
    ensure_firmware >/dev/null
    ensure_guest >/dev/null
    for name in "${names[@]}"; do
        SECONDS=0
        # In the background, because `set -e` does not hold in a condition.
        ("case_$name") >"$output" 2>&1 &
        if wait $!; then
            printf 'ok    %-14s %3d s\n' "$name" "$SECONDS"
        else
            printf 'FAIL  %-14s %3d s\n' "$name" "$SECONDS"
            tail -n 60 "$output" | sed 's/^/      /'
            failed+=("$name")
        fi
    done
    rm "$output"
    [[ ${#failed[@]} -eq 0 ]] || die "failed: ${failed[*]}"
}

# guest ARG... runs `rig run --bare` as a process of its own, as a caller would.
guest() {
    "$RIG/rig" run --bare "$@"
}

expect() {
    local what=$1 want=$2 got=$3
    [[ $got == "$want" ]] || {
        printf '%s: wanted "%s", got "%s"\n' "$what" "$want" "$got"
        exit 1
    }
}

# The kernel's side: TEE and binder devices with the expected owners, tee-supplicant up.
case_devices() {
    expect devices "crw-rw---- root:tee /dev/tee0
crw------- root:root /dev/teepriv0
crw-rw-rw- root:root /dev/binder
crw-rw-rw- root:root /dev/hwbinder
crw-rw-rw- root:root /dev/vndbinder" \
        "$(guest -- stat -c '%A %U:%G %n' /dev/tee0 /dev/teepriv0 /dev/binder /dev/hwbinder /dev/vndbinder)"
    guest -- sh -c 'kill -0 $(cat /run/tee-supplicant.pid)'
}

# The rig's promise to its callers: output, exit status and arguments come through as they are.
case_relay() {
    local out status=0 errors
    errors=$(mktemp)
    out=$(guest -- sh -c 'printf "%s|" "$@"; echo error >&2; exit 7' - "it's" 'a  b' '$HOME "x"' 2>"$errors") ||
        status=$?
    expect status 7 "$status"
    expect output "it's|a  b|\$HOME \"x\"|" "$out"
    expect "error output" error "$(<"$errors")"
    rm "$errors"
    # Binary and larger than any buffer on the way.
    expect "large output" "$((3 << 20))" "$(guest -- head -c $((3 << 20)) /dev/urandom | wc -c)"
    status=0
    guest -- sh -c 'echo c >/proc/sysrq-trigger' || status=$?
    expect "status of a guest that crashed" 125 "$status"
    status=0
    guest --timeout 15 -- sleep 100 || status=$?
    expect "status after a time-out" 124 "$status"
}

# SELinux is off unless asked for; policies are loaded by who asks.
case_selinux() {
    guest -- sh -c '! test -e /sys/fs/selinux/enforce'
    expect permissive 0 "$(guest --selinux permissive -- cat /sys/fs/selinux/enforce)"
    expect enforcing 1 "$(guest --selinux enforcing -- cat /sys/fs/selinux/enforce)"
}

# Files into the guest and out of it.
case_share() {
    local dir
    dir=$(mktemp -d)
    echo hello >"$dir/in"
    guest --share "$dir" --add "$dir/in:/root/added" -- sh -c 'cat /share/in /root/added >/share/out'
    expect shared "hello
hello" "$(<"$dir/out")"
    rm -r "$dir"
}

# OP-TEE's own tests.
case_xtest() {
    guest -- xtest -l 0 -t regression "${XTEST_CASES[@]}"
}

# Storage of the TEE and of the normal world outlives a reboot and a cut of power, and goes with the disk. A trusted
# application installed into secure storage loads only as long as OP-TEE finds it there and intact.
case_reboot() {
    local dir status=0
    local hide='rm /lib/optee_armtz/*.ta && xtest -l 0 -t regression 4001 >&2'
    dir=$(mktemp -d)
    guest --disk "$dir/disk" -- sh -c 'echo first >/data/note &&
        xtest --install-ta /lib/optee_armtz/cb3e5ba0-adf1-11e0-998b-0002a5d5c51b.ta'
    guest --disk "$dir/disk" -- sh -c "cat /data/note && $hide &&
        echo second >/data/note && sync && echo b >/proc/sysrq-trigger; sleep 60" >"$dir/note" || status=$?
    expect "status after a cut of power" 125 "$status"
    expect "after the first boot" first "$(<"$dir/note")"
    expect "after the cut" second "$(guest --disk "$dir/disk" -- sh -c "cat /data/note && $hide")"
    status=0
    guest -- sh -c "$hide" || status=$?
    expect "status without the disk" 1 "$status"
    rm -r "$dir"
}
