# shellcheck shell=bash
# Figures of what runs in the rig, and of the rig itself, which every measurement made in it contains.

# bench prints one line per figure: name, value, unit. It fails if one that has an aim misses it.
bench() {
    bench_rig
    bench_project
}

bench_rig() {
    local logs start end
    ensure_firmware >/dev/null
    ensure_guest >/dev/null
    logs=$(mktemp -d)
    start=$(date +%s%N)
    "$RIG/rig" run --bare --logs "$logs" -- cut -d' ' -f1 /proc/uptime >"$logs/uptime"
    end=$(date +%s%N)
    figure "kernel start to command" "$(<"$logs/uptime")" s
    figure "whole run of an empty command" $(((end - start) / 1000000)) ms
    rm -r "$logs"
    "$RIG/rig" run --bare -- xtest --sha-perf -a sha256 -s 4096 -n 500 -u |
        sed -n 's/^.*mean=\([0-9.]*\)us.*/\1/p' | while read -r mean; do
        figure "SHA-256 of 4 KiB through OP-TEE" "$mean" us
    done
}

# The trusted application, which for this is a build that counts, and the service above it. An emulator's time is not a
# board's: most of it goes where the worlds change and code is seen for the first time. So all is measured twice, by the
# clock and in instructions, and what has an aim is held to it in instructions.
bench_project() {
    local work shipped probe boot client status=0
    work=$(mktemp -d)
    project_tests "$work/suites"
    shipped=$(build_ta "$RIG/../../ta/optee")
    figure "trusted application as shipped" "$(stat -c %s "$shipped")" bytes
    probe=$(build_ta "$RIG/../../ta/optee" --features probe)
    boot=("$RIG/rig" run --add "$work/suites:/suites" --add "$probe:/usr/lib/optee_armtz/$(basename "$probe")")
    # The service's client must have an app's uid.
    # The first call gets the news that the bench has ended the trusted application.
    client='pkb info >/dev/null 2>&1; /usr/bin/setpriv --reuid=10777 --regid=10777 --clear-groups /suites/path-bench'
    echo '# by the clock'
    "${boot[@]}" -- sh -c "/suites/optee-tests --bench; status=\$?; $client && exit \$status" | tee "$work/figures" || status=$?
    ratios "$work/figures"
    echo '# in instructions, 2 ns each'
    "${boot[@]}" --counted -- sh -c "/suites/optee-tests --bench --aim; status=\$?; $client && exit \$status" |
        tee "$work/figures" || status=$?
    ratios "$work/figures"
    rm -r "$work"
    return "$status"
}

# ratios FILE prints what the service adds to the trusted application.
ratios() {
    awk '
        /^(whole path: |request that asks |gated unwrap, ES256:|wrap: )/ { ms[$0 ~ /^whole/ ? $3 : $1] = $(NF - 1) }
        function ratio(name, whole, bare) { printf "%-44s %10.1f\n", name, whole / bare }
        END {
            ratio("information: whole path to bare invoke", ms["information"], ms["request"])
            ratio("backup: whole path to bare invoke", ms["backup"], ms["wrap:"])
            ratio("restore: whole path to bare invokes", ms["restore"], ms["gated"])
        }' "$1"
}

figure() {
    printf '%-44s %10s %s\n' "$@"
}
