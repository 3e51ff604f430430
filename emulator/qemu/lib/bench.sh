# shellcheck shell=bash
# Figures of the rig: what every measurement made in it contains.

# bench prints one line per figure: name, value, unit.
bench() {
    local logs start end
    ensure_firmware >/dev/null
    ensure_guest >/dev/null
    logs=$(mktemp -d)
    start=$(date +%s%N)
    "$RIG/rig" run --bare --logs "$logs" -- cut -d' ' -f1 /proc/uptime >"$logs/uptime"
    end=$(date +%s%N)
    printf '%-34s %8s s\n' "kernel start to command" "$(<"$logs/uptime")"
    printf '%-34s %8d ms\n' "whole run of an empty command" $(((end - start) / 1000000))
    rm -r "$logs"
    "$RIG/rig" run --bare -- sh -c '
        xtest --sha-perf -a sha256 -s 4096 -n 500 -u
        xtest --aes-perf -m GCM -k 256 -s 4096 -n 500 -u' 2>&1 |
        sed -n 's/^\(.*[0-9]MiB\/s.*\|.*mean=.*\)$/\1/p'
}
