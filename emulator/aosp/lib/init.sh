# shellcheck shell=bash
# AOSP's checker of .rc files, for the host.

init_key() {
    key "$(aosp_sysroot_key)" "$AOSP/inside/init" \
        "$(find "$AOSP/init" -type f -exec sha256sum {} + | sort | cut -d' ' -f1)"
}

ensure_init() {
    stage init "$(init_key)" build_init
}

build_init() {
    inside --rw "$1" out -- bash /w/inside/init
}

# check_rc check|mutants|verify [mutants]
check_rc() {
    local verifiers
    if [[ ${1:-} != verify ]]; then
        inside -- python3 /w/inside/rc_check.py "$@"
        return
    fi
    verifiers=$(ensure_init)
    inside --ro "$verifiers" init -- bash /w/inside/rc-verify "${2:-check}"
}
