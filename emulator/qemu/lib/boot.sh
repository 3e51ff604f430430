# shellcheck shell=bash
# One boot of the guest, with what this run adds to it.

# Reads the options of a boot (see `rig help`) into variables; what follows `--` is left in `command`.
boot_options() {
    disk='' share='' logs='' timeout=600 memory=1024 append='' bare='' counted='' sealer=optee additions=() command=()
    while [[ $# -gt 0 ]]; do
        case $1 in
            --bare)
                bare=yes
                shift
                continue
                ;;
            --counted)
                counted=yes
                shift
                continue
                ;;
            --disk) disk=$(realpath "$2") ;;
            --share) share=$(realpath -e "$2") ;;
            --add) additions+=("$2") ;;
            --logs) logs=$2 ;;
            --timeout) timeout=$2 ;;
            --memory) memory=$2 ;;
            --sealer)
                sealer=$2
                [[ $sealer == optee || $sealer == nonsecure ]] || die "--sealer takes optee or nonsecure"
                ;;
            --selinux)
                append="security=selinux selinux=1 enforcing=$([[ $2 == enforcing ]] && echo 1 || echo 0)"
                ;;
            --)
                shift
                command=("$@")
                return
                ;;
            *) die "unknown option '$1'" ;;
        esac
        shift 2
    done
}

# boot MODE runs the guest with the variables of boot_options and returns the exit status of its command:
# 124 after a time-out, 125 if the guest ended without one.
boot() {
    local mode=$1 status=0 firmware guest run binds hold_out hold_err out err
    firmware=$(ensure_firmware)
    guest=$(ensure_guest)
    run=$(mktemp -d "${TMPDIR:-/tmp}/rig.XXXXXXXX")
    # Expanded now: the variable is gone when the trap runs.
    # shellcheck disable=SC2064
    trap "rm -rf '$run'" EXIT

    overlay "$run/overlay"
    if [[ -z $disk ]]; then
        mkdir "$run/disk"
        disk=$run/disk/disk
    fi
    binds=(
        --ro "$RIG/inside" inside --ro "$firmware" firmware --ro "$guest" guest
        --rw "$run" boot --rw "$(dirname "$disk")" disk
    )
    [[ -z $share ]] || binds+=(--rw "$share" share)

    # The command's output goes through pipes, whatever this script's own output is: QEMU opens by name. Both ends are
    # opened here first, so that nobody waits for a side that never comes, and held until QEMU is done.
    mkfifo "$run/stdout" "$run/stderr"
    : >"$run/status"
    exec {hold_out}<>"$run/stdout" {hold_err}<>"$run/stderr"
    exec {out}<"$run/stdout" {err}<"$run/stderr"
    cat <&"$out" {hold_out}>&- {hold_err}>&- &
    cat <&"$err" >&2 {hold_out}>&- {hold_err}>&- &
    sandbox "${binds[@]}" -- \
        bash /w/inside/boot "$mode" "$(basename "$disk")" "$memory" "$timeout" "$append" "$counted" \
        {hold_out}>&- {hold_err}>&- || status=$?
    exec {hold_out}>&- {hold_err}>&- {out}<&- {err}<&-
    wait

    [[ -z $logs ]] || { mkdir -p "$logs" && cp "$run"/*.log "$logs"; }
    if [[ $status -eq 124 || $status -eq 137 ]]; then
        tail_logs "$run"
        say "the guest did not finish within $timeout s"
        return 124
    fi
    if [[ ! -s $run/status ]]; then
        tail_logs "$run"
        say "the guest ended without a result"
        return 125
    fi
    return "$(<"$run/status")"
}

# Fills DIR with the files that this run lays over the guest.
overlay() {
    local dir=$1 addition word
    mkdir -p "$dir/etc/rig"
    [[ -n $bare ]] || project_overlay "$dir" "$sealer"
    for addition in "${additions[@]}"; do
        [[ $addition == ?*:/* ]] || die "--add takes FILE:GUEST-PATH, not '$addition'"
        mkdir -p "$(dirname "$dir/${addition#*:}")"
        cp -r "${addition%%:*}" "$dir/${addition#*:}"
    done
    # Quoted for a plain shell.
    for word in "${command[@]}"; do
        printf "'%s' " "${word//\'/\'\\\'\'}"
    done >"$dir/etc/rig/command"
}

tail_logs() {
    local log
    for log in console secure; do
        [[ ! -s $1/$log.log ]] || tail -n 40 "$1/$log.log" | sed "s/^/$log: /" >&2
    done
}
