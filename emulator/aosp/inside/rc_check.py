#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""In the sysroot: checks .rc files by the tables in the source of AOSP's init: keywords and how many arguments they take,
builtins, capabilities, limits, users.

    rc_check.py check      the files of this project; config.fs; that every program has a label of its own
    rc_check.py mutants    changes that `check` must find
"""

import glob
import re
import sys

INIT = "/opt/aosp/system/core/init/"
USERS = "/opt/aosp/system/core/libcutils/include/private/android_filesystem_config.h"
SOURCE = "/w/src/"
FILES = sorted(glob.glob(SOURCE + "service/*/*.rc"))
# What names of config.fs must be within, by how they begin.
RANGES = {"AID_SYSTEM_EXT_": [(7500, 7999)], "AID_VENDOR_": [(2900, 2999), (5000, 5999)]}


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def table(path, entry):
    """{keyword: (least, most)} of a keyword map; None stands for any number."""
    found = re.findall(r'\{"([\w.]+)",\s*\{\s*(\d+),\s*([\w +]+),\s*' + entry, read(path))
    return {name: (int(low), int(high) if high.isdigit() else None) for name, low, high in found}


class Init:
    """What AOSP's init knows."""

    def __init__(self):
        self.options = table(INIT + "service_parser.cpp", r"&ServiceParser::")
        self.builtins = table(INIT + "builtins.cpp", r"\{(?:true|false),")
        self.capabilities = set(re.findall(r"CAP_MAP_ENTRY\((\w+)\)", read(INIT + "capabilities.cpp")))
        self.limits = set(re.findall(r'\{"(\w+)", \d+\}', read(INIT + "rlimit_parser.cpp")))
        self.users = {name.lower() for name in re.findall(r"#define AID_(\w+) \d+", read(USERS))}
        if min(map(len, (self.options, self.builtins, self.capabilities, self.limits, self.users))) < 10:
            sys.exit("the source of init is not what it was: a table was not found")


def problems_of_users(text):
    """What is wrong with config.fs, and the names that it defines."""
    found, names = [], set()
    for name, value in re.findall(r"^\[(\w+)\]\nvalue: (\d+)$", text, re.M):
        names.add(name.removeprefix("AID_").lower())
        ranges = [r for start, r in RANGES.items() if name.startswith(start)]
        if not ranges or not any(low <= int(value) <= high for low, high in ranges[0]):
            found.append(f"config.fs: {name} cannot be {value}")
    return found, names


def arguments(kind, words, known):
    """What is wrong with a line as such."""
    if words[0] not in known:
        return [f"no {kind} '{words[0]}'"]
    low, high = known[words[0]]
    if len(words) - 1 < low or (high is not None and len(words) - 1 > high):
        return [f"'{words[0]}' does not take {len(words) - 1} arguments"]
    return []


def option(words, init, users):
    found = arguments("service option", words, init.options)
    if words[0] in ("user", "group"):
        found += [f"no user '{word}'" for word in words[1:] if word not in users]
    if words[0] == "capabilities":
        found += [f"no capability '{word}'" for word in words[1:] if word not in init.capabilities]
    if words[0] == "rlimit" and words[1] not in init.limits:
        found.append(f"no limit '{words[1]}'")
    return found


def builtin(words, init, users):
    found = arguments("command", words, init.builtins)
    if words[0] == "mkdir" and len(words) >= 5:
        found += [f"no user '{word}'" for word in words[3:5] if word not in users]
        if not re.fullmatch(r"0[0-7]{3}", words[2]):
            found.append(f"'{words[2]}' is no mode")
        if words[5:] != ["encryption=Require"]:
            found.append(f"{words[1]} would not be encrypted")
    return found


def problems_of_rc(text, init, users, contexts):
    found, section, seen, last = [], None, set(), set()
    for line in text.splitlines():
        words = line.split("#")[0].split()
        if not words:
            continue
        if not line.startswith(" "):
            section = words[0]
            if section == "service":
                seen = {"service"}
                if not any(re.fullmatch(regex, words[2]) for regex in contexts):
                    found.append(f"{words[2]} has no label of its own")
            elif section != "on":
                found.append(f"no section '{section}'")
        elif section == "service":
            if words[0] in seen and words[0] not in ("rlimit", "interface"):
                found.append(f"'{words[0]}' twice")
            seen.add(words[0])
            found += option(words, init, users)
        else:
            found += builtin(words, init, users)
        if section == "service":
            last = {"user", "group", "capabilities"} - seen
    if last:
        found.append(f"the last service says nothing of {sorted(last)}: it would run as root")
    return found


def check(change=lambda path, text: text):
    """Every problem, after a change of the files."""
    init = Init()
    contexts = [line.split()[0] for name in ("private", "vendor")
                for line in read(f"{SOURCE}sepolicy/{name}/file_contexts").splitlines() if "_exec:s0" in line]
    found, own = problems_of_users(change("config.fs", read(SOURCE + "config.fs")))
    for path in FILES:
        if "/ueventd." not in path:
            text = change(path, read(path))
            found += [f"{path}: {problem}" for problem in problems_of_rc(text, init, init.users | own, contexts)]
    return found


MUTANTS = [
    ("passkeybackupd.rc", "    class main", "    clas main"),
    ("passkeybackupd.rc", "    class main", "    class"),
    ("passkeybackupd.rc", "    user system_ext_passkeybackup", "    user passkeybackup"),
    ("passkeybackupd.rc", "    user system_ext_passkeybackup\n", ""),
    ("passkeybackupd.rc", "    capabilities", "    capabilities ROOT"),
    ("passkeybackupd.rc", "    capabilities\n", ""),
    ("passkeybackupd.rc", "rlimit core", "rlimit cores"),
    ("passkeybackupd.rc", "    restart_period 10", "    restart_period"),
    ("passkeybackupd.rc", "    mkdir", "    makedir"),
    ("passkeybackupd.rc", "0700", "700x"),
    ("passkeybackupd.rc", " encryption=Require", ""),
    ("passkeybackupd.rc", "/system_ext/bin/passkeybackupd ", "/system_ext/bin/backupd "),
    ("service.optee.rc", "service vendor", "servce vendor"),
    ("config.fs", "value: 7750", "value: 1000"),
    ("config.fs", "[AID_VENDOR_SEALER]", "[AID_SEALER]"),
]


def mutants():
    missed = []
    for name, old, new in MUTANTS:
        changed = []

        def change(path, text, name=name, old=old, new=new, changed=changed):
            if not path.endswith(name) or old not in text:
                return text
            changed.append(path)
            return text.replace(old, new)

        if not check(change) or not changed:
            missed.append(f"{name}: '{old}' -> '{new}' is not found")
    return missed


if __name__ == "__main__":
    problems = {"check": check, "mutants": mutants}[sys.argv[1]]()
    print("\n".join(problems))
    sys.exit(1 if problems else 0)
