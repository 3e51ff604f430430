# Runs while the system root is being made and its package index is still there: `$1` is the system root.
# Keeps AOSP's source, and takes the AIDL compiler from unstable: the suite's own one is of Android 10.
set -eu
root=$1
lists=$root/etc/apt/sources.list.d

sed -n 's/^deb /deb-src /p' "$root/etc/apt/sources.list" >"$lists/source.list"
sed -n 's/^deb \(.*\) trixie main$/deb [arch=amd64] \1 unstable main/p' \
    "$root/etc/apt/sources.list" >"$lists/unstable.list"
printf 'Package: *\nPin: release a=unstable\nPin-Priority: 1\n' >"$root/etc/apt/preferences.d/unstable"
mkdir -p "$root/opt/aosp"
chroot "$root" sh -eu <<'INSIDE'
apt='apt-get -qq -o APT::Sandbox::User=root'
$apt update
$apt install aidl/unstable
cd /opt/aosp
# Not installable here for arm64: a package that one of them wants has no second architecture.
mkdir arm64
$apt download android-libutils:arm64 android-libbacktrace:arm64
for deb in *.deb; do
    dpkg -x "$deb" arm64
    rm "$deb"
done
$apt source --download-only android-platform-tools
# apt has verified the source when it was downloaded.
dpkg-source --no-check -x android-platform-tools_*.dsc full >/dev/null
rm android-platform-tools_*
mkdir -p frameworks/native/libs frameworks/native/cmds system/core
mv full/frameworks/native/libs/binder frameworks/native/libs/
mv full/frameworks/native/cmds/servicemanager full/frameworks/native/cmds/service full/frameworks/native/cmds/dumpsys \
    frameworks/native/cmds/
mv full/system/core/init full/system/core/rootdir full/system/core/libcutils full/system/core/libprocessgroup \
    full/system/core/property_service system/core/
mv full/frameworks/native/include frameworks/native/
rm -r full
INSIDE
rm "$lists/source.list" "$lists/unstable.list" "$root/etc/apt/preferences.d/unstable"
