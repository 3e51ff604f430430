#!/usr/bin/env python3
"""Writes what an Android tree needs to know of the Cargo packages: Android.bp and android-crates.md.

    android_bp.py bp       the modules, to standard output (before bpfmt)
    android_bp.py crates   the page of third-party crates, to standard output

Names, sources, dependencies and features come from Cargo; what Cargo does not know is in the tables here. `aosp bp`
writes both files and `aosp bp --check` compares them, so neither can rot.
"""

import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))

# What ships: packages, and whether their library is for the vendor partition too.
LIBRARIES = {
    "sealer-wire": True,
    "sealer-core": True,
    "sealer-nonsecure": True,
    "sealer-hal": True,
    "passkeybackup-archive": False,
    "passkeybackup-catalogue": False,
    "passkeybackup-identity": False,
    "passkeybackup-status": False,
    "passkeybackupd": False,
    "pkb": False,
}

# An Android tree builds without features: no sockets (`rpc`), no sealer inside the daemon, nothing for tests. What a binary
# requires (a variant of the HAL) is in a variant of the package's library.

# Crates of this tree that the platform's own modules stand for.
PLATFORM = {"binder": "libbinder_rs"}

# The generated interfaces. The HAL, a vendor module, may see the VINTF-stable one only, so the crate that Cargo
# makes of both is two modules here.
AIDL = {"sealer-hal": "libpasskeybackup_aidl_sealer"}
AIDL_BOTH = "libpasskeybackup_aidl"

# Crates whose module is not named after them: `liblog` is the C library.
LIBRARY_NAMES = {"log": "liblog_rust"}

# Binaries that ship: module, Cargo binary, what Cargo does not know.
BINARIES = [
    ("passkeybackupd", "passkeybackupd", "passkeybackupd", {
        "system_ext_specific": True,
        "init_rc": ["service/daemon/passkeybackupd.rc"],
    }),
    ("android.hardware.security.sealer-service.nonsecure", "sealer-hal", "sealer-hal-nonsecure", {
        "vendor": True,
        "relative_install_path": "hw",
        "init_rc": ["service/hal/android.hardware.security.sealer-service.nonsecure.rc"],
        "vintf_fragments": ["service/hal/android.hardware.security.sealer-service.nonsecure.xml"],
    }),
    ("android.hardware.security.sealer-service.optee", "sealer-hal", "sealer-hal-optee", {
        "vendor": True,
        "relative_install_path": "hw",
        "init_rc": ["service/hal/android.hardware.security.sealer-service.optee.rc"],
        "vintf_fragments": ["service/hal/android.hardware.security.sealer-service.optee.xml"],
    }),
    ("pkb", "pkb", "pkb", {"system_ext_specific": True}),
]

# Libraries whose unit tests, in the library's own source, need nothing but `tempfile`; with their features.
TESTS = {"passkeybackup-archive": [], "passkeybackup-catalogue": [], "sealer-hal": ["nonsecure"]}

HEADER = """\
// SPDX-License-Identifier: Apache-2.0
//
// Made from the Cargo packages by `emulator/aosp/aosp bp`; tests/run fails when it is not what that makes.
"""

LICENSE = [
    ("package", {"default_applicable_licenses": ["passkeybackup_license"]}),
    ("license", {
        "name": "passkeybackup_license",
        "visibility": [":__subpackages__"],
        "license_kinds": ["SPDX-license-identifier-Apache-2.0"],
        "license_text": ["LICENSE"],
    }),
    ("rust_defaults", {
        "name": "passkeybackup_defaults",
        "edition": "2024",
        "lints": "android",
        "clippy_lints": "android",
        # Arithmetic that overflows is a defect here, never a wrapped length.
        "flags": ["-C overflow-checks=on"],
    }),
]


# Files that are installed as they are.
CONFIGURATION = [
    ("prebuilt_etc", {
        # For emulators: the daemon with the nonsecure HAL service.
        "name": "passkeybackupd_nonsecure.rc",
        "src": "service/daemon/passkeybackupd_nonsecure.rc",
        "sub_dir": "init",
        "system_ext_specific": True,
    }),
]


def cargo(*args):
    return subprocess.run(("cargo",) + args, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def packages():
    metadata = json.loads(cargo("metadata", "--locked", "--no-deps", "--format-version", "1"))
    return {package["name"]: package for package in metadata["packages"]}


def underscores(name):
    return name.replace("-", "_")


def on_android(dependency, features):
    """Whether a normal dependency is one on Android with these features of its package."""
    if dependency["kind"] is not None:
        return False
    if dependency["optional"] and "dep:" + dependency["name"] not in features:
        return False
    target = dependency["target"]
    return target is None or target == 'cfg(target_os = "android")'


def enabled(package, wanted):
    """The features that are built, with what they stand for."""
    todo, done = list(wanted), []
    while todo:
        feature = todo.pop()
        if feature not in done:
            done.append(feature)
            todo += package["features"].get(feature, [])
    return done


def variant(package, features):
    """The module of the package's library with these features."""
    return "_".join(["lib" + underscores(package["name"])] + features)


def module_of(name, user):
    if name == "passkeybackup-aidl":
        return AIDL.get(user, AIDL_BOTH)
    return PLATFORM.get(name) or LIBRARY_NAMES.get(name) or "lib" + underscores(name)


def rustlibs(package, features, extra=()):
    names = {d["name"] for d in package["dependencies"] if on_android(d, enabled(package, features))}
    return sorted({module_of(name, package["name"]) for name in names} | set(extra))


def source(target):
    return os.path.relpath(target["src_path"], ROOT)


def target_of(package, kind, name=None):
    for target in package["targets"]:
        if kind in target["kind"] and (name is None or target["name"] == name):
            return target
    return None


def library(package, features, vendor):
    target = target_of(package, "lib")
    return "rust_library", {
        "name": variant(package, features),
        "crate_name": target["name"],
        "defaults": ["passkeybackup_defaults"],
        "srcs": [source(target)],
        "features": features,
        "rustlibs": rustlibs(package, features),
        "vendor_available": vendor,
    }


def libraries(package, vendor):
    """One for each set of features that a shipped binary requires, besides the plain one."""
    yield library(package, [], vendor)
    for _, owner, name, _ in BINARIES:
        target = target_of(package, "bin", name)
        if owner == package["name"] and target and target.get("required-features"):
            yield library(package, target["required-features"], vendor)


def unit_test(package):
    target = target_of(package, "lib")
    features = [feature for feature in TESTS[package["name"]]]
    return "rust_test", {
        "name": "lib" + underscores(package["name"]) + "_test",
        "crate_name": target["name"] + "_test",
        "defaults": ["passkeybackup_defaults"],
        "srcs": [source(target)],
        "features": features,
        "rustlibs": rustlibs(package, features, ["libtempfile"]),
        "test_suites": ["general-tests"],
        "auto_gen_config": True,
    }


def binary(module, package, name, extra):
    target = target_of(package, "bin", name)
    if target is None:
        return None
    features = target.get("required-features", [])
    own = target_of(package, "lib")
    return "rust_binary", {
        "name": module,
        # A binary and the library that it links cannot share a crate name.
        "crate_name": underscores(name) + ("_main" if name == own["name"] else ""),
        "defaults": ["passkeybackup_defaults"],
        "srcs": [source(target)],
        "rustlibs": rustlibs(package, features, [variant(package, features)]),
        **extra,
    }


def aidl_modules():
    sealer = "android.hardware.security.sealer-V1-rust"
    service = "android.security.passkeybackup-V1-rust"
    shim = {
        "crate_name": "passkeybackup_aidl",
        "defaults": ["passkeybackup_defaults"],
        "srcs": ["service/aidl/src/platform.rs"],
    }
    yield "rust_library", {
        "name": AIDL_BOTH, **shim, "features": ["service"], "rustlibs": [sealer, service],
    }
    yield "rust_library", {
        "name": "libpasskeybackup_aidl_sealer", **shim, "rustlibs": [sealer], "vendor_available": True,
    }


def modules():
    found = packages()
    yield from LICENSE
    yield from aidl_modules()
    for name, vendor in LIBRARIES.items():
        yield from libraries(found[name], vendor)
    for module, package, name, extra in BINARIES:
        made = binary(module, found[package], name, extra)
        if made:
            yield made
    for name in TESTS:
        yield unit_test(found[name])
    yield from CONFIGURATION


def value(item):
    if isinstance(item, bool):
        return str(item).lower()
    if isinstance(item, list):
        return "[" + "".join(json.dumps(entry) + ",\n" for entry in item) + "]"
    return json.dumps(item)


def print_modules():
    print(HEADER)
    for kind, properties in modules():
        print(kind + " {")
        for key, item in properties.items():
            if item not in ([], False):
                print(f"    {key}: {value(item)},")
        print("}\n")


def shipped_crates():
    """Third-party crates below what ships, with versions; what only the Cargo stand-in of binder needs is left out."""
    ours = set(packages())
    tree = cargo(
        "tree", "--locked", "--no-dedupe", "--prefix", "depth", "-e", "normal", "--target", "aarch64-linux-android",
        "-p", "passkeybackupd", "-p", "pkb", "-p", "sealer-hal", "--no-default-features",
        "--features", "sealer-hal/nonsecure,sealer-hal/optee", "--format", " {p}")
    crates, skip = {}, None
    for line in tree.splitlines():
        match = re.match(r"(\d+) (\S+) v(\S+)", line)
        if not match:
            continue
        depth, name, version = int(match[1]), match[2], match[3]
        if skip is not None and depth > skip:
            continue
        skip = depth if name in ("binder", "passkeybackup-aidl") else None
        if name not in ours:
            crates.setdefault(name, set()).add(version)
    return crates


def compatible(ours, theirs):
    """Whether Cargo would take `theirs` where `ours` is asked for, or the other way round."""
    def series(version):
        numbers = re.split(r"[.+-]", version)[:2]
        return numbers[:1] if numbers[0] != "0" else numbers
    return series(ours) == series(theirs) and "-rc" not in ours


def print_crates():
    with open(os.path.join(HERE, "aosp-crates.txt"), encoding="utf-8") as file:
        aosp = dict(line.split() for line in file if line.strip() and not line.startswith("#"))
    rows, count = [], {"in AOSP": 0, "to import": 0}
    for name, versions in sorted(shipped_crates().items()):
        for version in sorted(versions):
            theirs = aosp.get(name)
            fits = theirs is not None and compatible(version, theirs)
            verdict = "in AOSP" if fits else "to import"
            count[verdict] += 1
            rows.append(f"| `{name}` | {version} | {theirs or '–'} | {verdict} |")
    print(f"""# Third-party crates in an Android tree

Every crate that is linked into what ships on a device (`passkeybackupd`, `pkb` and the HAL services), or runs as a
procedural macro when it is built. {count['in AOSP']} are in AOSP's `external/rust/android-crates-io` in a version that
Cargo would accept, {count['to import']} are to be imported, because AOSP has none or one of another series. AOSP's
versions are those of its main branch in late 2025 (`emulator/aosp/aosp-crates.txt`); look again in the tree at hand.
`binder` is the platform's own, and SQLite the platform's `libsqlite` through `librusqlite`.

Made by `emulator/aosp/aosp bp`; tests/run fails when it is not what that makes.

| crate | here | AOSP | |
|---|---|---|---|""")
    print("\n".join(rows))


if __name__ == "__main__":
    {"bp": print_modules, "crates": print_crates}[sys.argv[1]]()
