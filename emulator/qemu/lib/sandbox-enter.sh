# shellcheck shell=bash
# The first process of a sandbox (see sandbox.sh): mounts what it was told to, then becomes the command.
set -euo pipefail

root=$1
shift

# Remounting read-only must repeat the flags that a mount came with: a user namespace may not drop them.
read_only() {
    local flags
    flags=$(findmnt -n -o VFS-OPTIONS --target "$1" | tr , '\n' |
        grep -xE 'nosuid|nodev|noexec|noatime|relatime' | paste -sd,) || true
    mount -o "remount,bind,ro${flags:+,$flags}" "$1"
}

mount --bind "$root" "$root"
mount -t tmpfs -o mode=755 rig "$root/w"
mount -t tmpfs -o mode=1777 rig "$root/tmp"
mount --rbind /dev "$root/dev"
# A container may forbid a fresh /proc; the host's serves as well.
mount -t proc proc "$root/proc" 2>/dev/null || mount --rbind /proc "$root/proc"

environment=(PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LANG=C.UTF-8 "TERM=${TERM:-dumb}")
cd=/w
while [[ $1 != -- ]]; do
    case $1 in
        --ro | --rw)
            # A file is mounted on a file.
            [[ -d $2 ]] && mkdir -p "$root/w/$3" || : >"$root/w/$3"
            mount --bind "$2" "$root/w/$3"
            [[ $1 == --rw ]] || read_only "$root/w/$3"
            shift 3
            ;;
        --env)
            environment+=("$2")
            shift 2
            ;;
        --cd)
            cd=$2
            shift 2
            ;;
    esac
done
shift
# Last, because until here mount points were made in it.
read_only "$root"

exec chroot "$root" env -i "${environment[@]}" sh -euc 'cd "$1"; shift; exec "$@"' sh "$cd" "$@"
