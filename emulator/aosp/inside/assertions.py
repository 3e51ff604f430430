#!/usr/bin/env python3
"""Checks assertions about a binary policy (see sepolicy/test/assertions): assertions.py VARIANT POLICY FILE."""

import sys

import setools


def expand(policy, words):
    """The types that comma-separated types and attributes stand for."""
    types = set()
    for word in words.split(","):
        taken = word.startswith("-")
        found = policy.lookup_type_or_attr(word.lstrip("-"))
        names = {str(entry) for entry in found.expand()}
        types = types - names if taken else types | names
    return types


def rules(policy):
    """What is allowed: {(source, target, class): permissions}, attributes expanded."""
    allowed = {}
    for rule in setools.TERuleQuery(policy, ruletype=["allow"]).results():
        for source in rule.source.expand():
            for target in rule.target.expand():
                key = (str(source), str(target), str(rule.tclass))
                allowed.setdefault(key, set()).update(rule.perms)
    return allowed


def main():
    variant, path, assertions = sys.argv[1:]
    policy = setools.SELinuxPolicy(path)
    allowed = rules(policy)
    checked, failed = 0, 0
    with open(assertions, encoding="utf-8") as file:
        lines = [line.split() for line in file if line.strip() and not line.startswith("#")]
    for which, verdict, source, target, tclass, perms in lines:
        if which not in ("both", variant):
            continue
        wanted = set(perms.split(","))
        policy.lookup_class(tclass)
        checked += 1
        for one in sorted(expand(policy, source)):
            for other in sorted([one] if target == "self" else expand(policy, target)):
                has = allowed.get((one, other, tclass), set()) & wanted
                if verdict == "allow" and has != wanted:
                    print(f"{variant}: {one} lacks {sorted(wanted - has)} on {other}:{tclass}")
                    failed += 1
                if verdict == "deny" and has:
                    print(f"{variant}: {one} has {sorted(has)} on {other}:{tclass}")
                    failed += 1
    print(f"{variant}: {checked} assertions, {failed} violations")
    if failed or checked < 20:
        sys.exit(1)


main()
