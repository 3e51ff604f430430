# shellcheck shell=sh
# Runs while the sysroot is being made and its package index is still there: `$1` is the sysroot, the
# other arguments are the packages to keep. Downloads only what is needed later, so that every later stage works
# without a network.
set -eu
root=$1
shift

sed -n 's/^deb /deb-src /p' "$root/etc/apt/sources.list" >"$root/etc/apt/sources.list.d/source.list"
mkdir -p "$root/opt/rig/debs" "$root/opt/rig/kernel" "$root/opt/rig/source"
chroot "$root" sh -eu -s "$@" <<'INSIDE'
apt='apt-get -qq -o APT::Sandbox::User=root'
$apt update
(cd /opt/rig/debs && $apt download "$@")
kernel=$(apt-cache depends --important linux-image-arm64:arm64 | sed -n 's/.*Depends: //p')
(cd /opt/rig/kernel && $apt download "$kernel")
(cd /opt/rig/source && $apt source --download-only arm-trusted-firmware)
mkdir /opt/rig/devkit
dpkg -x /opt/rig/debs/optee-os-dev_*.deb /opt/rig/devkit
# The optee-teec crate looks for libteec in usr/lib of a directory of its own.
mkdir -p /opt/rig/client/usr
ln -s /usr/lib/aarch64-linux-gnu /opt/rig/client/usr/lib
INSIDE
rm "$root/etc/apt/sources.list.d/source.list"
