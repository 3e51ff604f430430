# shellcheck shell=bash
# What the host itself must bring. Everything else comes from the sysroot, in fixed versions.

# need_command COMMAND PACKAGE installs the Debian package that brings the command if this is root, and
# otherwise says what to install.
need_command() {
    local command=$1 package=$2
    command -v "$command" >/dev/null && return
    if [[ $EUID -ne 0 ]]; then
        die "'$command' is missing: install the package '$package'"
    fi
    command -v apt-get >/dev/null ||
        die "'$command' is missing and there is no apt-get here to install '$package' with"
    say "installing $package"
    apt-get update -q >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$package" >&2
}

# The commands that make a sysroot; a cached one is used without them.
need_sysroot_tools() {
    [[ $(uname -m) == x86_64 ]] || die "the sysroot is made for amd64 hosts only"
    need_command mmdebstrap mmdebstrap
    [[ -e /usr/share/keyrings/debian-archive-keyring.gpg ]] ||
        need_command debian-archive-keyring debian-archive-keyring
    if [[ $EUID -ne 0 ]]; then
        # Packages own files as several users, so unpacking them takes a range of ids.
        need_command newuidmap uidmap
        grep -q "^$(id -un):" /etc/subuid ||
            die "no subordinate ids for $(id -un) in /etc/subuid: see 'man subuid', or run as root"
    fi
}

# The commands that every use of the sysroot takes.
need_sandbox_tools() {
    need_command unshare util-linux
    need_command setpriv util-linux
    need_command flock util-linux
    # Probed with what the sandbox uses, so that the message comes before any work.
    unshare "${SANDBOX_NAMESPACES[@]}" true 2>/dev/null ||
        die "no mount namespace can be made here: run as root, or allow unprivileged user namespaces
     (kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0); a container
     needs the capability SYS_ADMIN"
}
