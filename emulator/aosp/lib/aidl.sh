# shellcheck shell=bash
# The interfaces under AOSP's AIDL compiler.

# inside [SANDBOX-OPTION...] -- COMMAND... runs a command with the checkout at /w/src and the scripts at /w/inside.
inside() {
    sandbox --ro "$CHECKOUT" src --ro "$AOSP/inside" inside "$@"
}

run_aidl() {
    inside -- bash /w/inside/aidl "$@"
}

# freeze_aidl replaces aidl/aidl_api. Once version 1 is out a change takes a version 2, and this goes.
freeze_aidl() {
    local new
    new=$(mktemp -d)
    inside --rw "$new" out -- bash /w/inside/aidl freeze
    rm -rf "$CHECKOUT/aidl/aidl_api"
    mv "$new" "$CHECKOUT/aidl/aidl_api"
    chmod 755 "$CHECKOUT/aidl/aidl_api"
}
