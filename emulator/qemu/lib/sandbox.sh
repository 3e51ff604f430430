# shellcheck shell=bash
# Commands run inside the sysroot: a chroot in namespaces of its own, so that no root is needed where
# user namespaces work, nothing stays mounted, and no process outlives the rig.

# No network: what a build needs is fetched before, by the host, and this proves that nothing else is.
SANDBOX_NAMESPACES=(--mount --pid --fork --kill-child --net --ipc)
if [[ $EUID -ne 0 ]]; then
    SANDBOX_NAMESPACES+=(--user --map-root-user)
fi

# sandbox [--ro HOST NAME | --rw HOST NAME | --env NAME=VALUE | --cd DIR]... -- COMMAND... runs the
# command with the host's directories under /w/NAME, a clean environment and nothing else writable.
sandbox() {
    local root
    root=$(ensure_sysroot)/root || return
    need_sandbox_tools
    # The rig's death must reach the command, also where no signal handler ran.
    setpriv --pdeathsig KILL \
        unshare "${SANDBOX_NAMESPACES[@]}" bash "$RIG/lib/sandbox-enter.sh" "$root" "$@"
}
