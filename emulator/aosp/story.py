# SPDX-License-Identifier: Apache-2.0
"""A device at the other end of adb, and the story of a backup on it: `adb shell pkb ...` does everything.

Used by `emulator/avd` on Android's emulator and by the test of the AOSP guest.
"""

import filecmp
import json
import os
import shlex
import subprocess

# Where adb push and adb pull may write, and pkb with them.
FOLDER = "/data/local/tmp"
ORIGIN = "https://example.org"


class Failed(Exception):
    """A step did not end as it should."""


class Unknown(dict):
    """What a command would say that was not run."""

    def __missing__(self, key):
        return Unknown()

    def __str__(self):
        return "..."


class Adb:
    """adb with one device. With `dry_run` it prints what it would run on the device, and returns nothing."""

    def __init__(self, serial, program="adb", dry_run=False):
        self.command = [program, "-s", serial]
        self.dry_run = dry_run

    def run(self, *args, stdin=None):
        """The result of `adb ARGS`, whatever its status."""
        if self.dry_run:
            print("+", shlex.join(self.command + list(args)))
            return subprocess.CompletedProcess(args, 0, b"", b"")
        return subprocess.run(self.command + list(args), input=stdin or b"", capture_output=True, timeout=300, check=False)

    def do(self, *args, stdin=None):
        """The output of `adb ARGS`, which must succeed."""
        done = self.run(*args, stdin=stdin)
        if done.returncode != 0:
            raise Failed(f"{shlex.join(args)}: status {done.returncode}\n{done.stdout.decode()}{done.stderr.decode()}")
        return done.stdout.decode()

    def shell(self, *args, stdin=None):
        """The result of a command on the device; the arguments arrive as they are."""
        return self.run("shell", "-T", shlex.join(args), stdin=stdin)

    def pkb(self, *args, stdin=None):
        """What `pkb --json ARGS` says, which must succeed."""
        done = self.shell("pkb", "--json", *args, stdin=stdin)
        if self.dry_run:
            return Unknown()
        if done.returncode != 0:
            raise Failed(f"pkb {shlex.join(args)}: status {done.returncode}\n{done.stdout.decode()}{done.stderr.decode()}")
        return json.loads(done.stdout)

    def refused(self, *args, stdin=None):
        """The error that `pkb ARGS` must end with."""
        done = self.shell("pkb", "--json", *args, stdin=stdin)
        if self.dry_run:
            return Unknown()
        if done.returncode != 1:
            raise Failed(f"pkb {shlex.join(args)}: status {done.returncode}\n{done.stdout.decode()}{done.stderr.decode()}")
        return json.loads(done.stdout)["error"]


class User:
    """The user's passkey, on this side of adb: a software authenticator for tests."""

    def __init__(self, adb, program, store):
        self.adb, self.program, self.store = adb, program, store

    def answer(self, verb, ceremony):
        """The client's response to what `begin` printed."""
        if self.adb.dry_run:
            return b""
        command = [self.program, "--store", self.store, verb, "--origin", ORIGIN]
        return subprocess.run(command, input=json.dumps(ceremony).encode(), capture_output=True, check=True).stdout

    def finish(self, args, ceremony, response):
        """`pkb ARGS --ceremony T` with the response on standard input."""
        return self.adb.pkb(*args, "--ceremony", str(ceremony["ceremony"]), stdin=response)

    def enrol(self):
        """A new vault's id."""
        begun = self.adb.pkb(
            "vault", "begin-create", "--rp-id", "example.org", "--origin", ORIGIN, "--user-name", "alice")
        made = self.finish(["vault", "finish-create"], begun, self.answer("register", begun))
        return str(made["vault_id"])


def expect(what, wanted, got):
    """Fails unless both are the same, as far as it is known."""
    if wanted != got and not isinstance(got, Unknown):
        raise Failed(f"{what}: wanted {wanted!r}, got {got!r}")


def story(adb, user, sealer, work):
    """Enrols, pushes a file, backs it up, pulls the archive, loses it on the device, pushes it back, restores it after a
    fresh ceremony, compares, and sees a replay and a damaged archive refused. Yields each step that was done."""
    info = adb.pkb("info")
    expect("sealer", sealer, info["sealer"]["kind"])
    expect("transport", "binder", info["transport"])
    yield f"pkb reaches the daemon over binder, and it the {sealer} sealer"

    vault = user.enrol()
    yield "a vault is enrolled with a passkey"

    original, archive = os.path.join(work, "data"), os.path.join(work, "data.pkb")
    with open(original, "wb") as file:
        file.write(os.urandom(3 << 20))
    on_device = [f"{FOLDER}/data", f"{FOLDER}/data.pkb", f"{FOLDER}/restored"]
    # What an earlier run left: pkb replaces no file unless it is told to.
    adb.do("shell", "-T", f"rm -f {' '.join(on_device)}")
    adb.do("push", original, on_device[0])
    made = adb.pkb("backup", vault, "--in", on_device[0], "--out", on_device[1])
    expect("state", "complete", made["state"])
    adb.do("pull", on_device[1], archive)
    yield "a file that was pushed is backed up, and the archive is pulled"

    adb.do("shell", "-T", f"rm {on_device[0]} {on_device[1]}")
    adb.do("push", archive, on_device[1])
    expect("structure", False, adb.pkb("verify", on_device[1])["full"])
    begun = adb.pkb("restore", "begin", "--in", on_device[1])
    response = user.answer("assert", begun)
    restore = ["restore", "finish", "--in", on_device[1], "--out", on_device[2]]
    user.finish(restore, begun, response)
    adb.do("pull", on_device[2], os.path.join(work, "restored"))
    if not adb.dry_run and not filecmp.cmp(original, os.path.join(work, "restored"), shallow=False):
        raise Failed("what was restored is not what was backed up")
    adb.do("shell", "-T", f"rm {on_device[2]}")
    yield "the archive is pushed back and restored after a fresh ceremony, byte for byte"

    error = adb.refused(*restore, "--ceremony", str(begun["ceremony"]), stdin=response)
    expect("replay", "CHALLENGE_UNKNOWN", error["name"])
    yield "the same response a second time is refused: CHALLENGE_UNKNOWN"

    if not adb.dry_run:
        with open(archive, "r+b") as file:
            file.seek(-100, os.SEEK_END)
            byte = file.read(1)[0]
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte ^ 1]))
    adb.do("push", archive, on_device[1])
    begun = adb.pkb("restore", "begin", "--in", on_device[1])
    error = adb.refused(
        *restore, "--ceremony", str(begun["ceremony"]), stdin=user.answer("assert", begun))
    expect("damage", "SEGMENT_TAMPERED", error["name"])
    yield "a flipped byte of the archive is found: SEGMENT_TAMPERED"

    audit = adb.pkb("audit", vault, "--verify")
    expect("audit", True, audit["verified"])
    adb.do("shell", "-T", f"rm {on_device[1]}")
    yield "the audit log has it all and verifies"
