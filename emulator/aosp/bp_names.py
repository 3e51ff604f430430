#!/usr/bin/env python3
"""Checks the names in this tree's Android.bp and makefiles: files are there, modules are defined or known.

A module is known if it is one of ours, made by Soong from one of our aidl_interface modules, a crate of
android-crates.md, or one of the few of the platform that are listed here.
"""

import os
import re
import sys

PLATFORM = {"libbinder_rs", "libtempfile", "liblog_rust"}
FILES = ("srcs", "src", "init_rc", "vintf_fragments", "license_text")
MODULES = ("rustlibs", "defaults", "default_applicable_licenses", "proc_macros")


def properties(text):
    """Pairs of a property and its strings, nested blocks included."""
    text = re.sub(r"//.*", "", text)
    for key, item in re.findall(r'(\w+):\s*(\[[^\]]*\]|"[^"]*")', text):
        yield key, re.findall(r'"([^"]*)"', item)


def crates():
    with open("android-crates.md", encoding="utf-8") as file:
        return {"lib" + name.replace("-", "_") for name in re.findall(r"^\| `([^`]+)`", file.read(), re.M)}


def main():
    found, used, problems = set(PLATFORM) | crates(), [], []
    for directory in (".", "aidl"):
        path = os.path.join(directory, "Android.bp")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for kind, body in re.findall(r"^(\w+) \{\n(.*?)^\}", text, re.M | re.S):
            name = re.search(r'^    name: "([^"]+)"', body, re.M)
            if name:
                if name[1] in found - crates():
                    problems.append(f"{path}: {name[1]} is defined twice")
                found.add(name[1])
                if kind == "aidl_interface":
                    versions = re.findall(r'version: "(\d+)"', body)
                    found |= {f"{name[1]}-V{version}-rust" for version in versions}
                    for version in versions:
                        api = f"{directory}/aidl_api/{name[1]}/{version}/.hash"
                        if not os.path.exists(api):
                            problems.append(f"{path}: {name[1]} has no {api}")
            for key, items in properties(body):
                if key in FILES:
                    for item in items:
                        full = os.path.join(directory, item)
                        if "*" not in item and not os.path.isfile(full):
                            problems.append(f"{path}: there is no {item}")
                elif key in MODULES:
                    used += [(path, item) for item in items]
    with open("product.mk", encoding="utf-8") as file:
        text = re.sub(r"#.*", "", file.read()).replace("\\\n", " ")
    for line in text.splitlines():
        match = re.match(r"\s*PRODUCT_PACKAGES(?:_DEBUG)? \+= (.*)", line)
        if match:
            used += [("product.mk", item) for item in match[1].split()]
        for item in re.findall(r"\$\(PASSKEYBACKUP_DIR\)/([^\s:]+)", line):
            if not os.path.exists(item):
                problems.append(f"product.mk: there is no {item}")
    problems += [f"{path}: no module {item}" for path, item in used if item not in found]
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
