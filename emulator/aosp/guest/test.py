#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""In the rig's system root: boots the AOSP guest and tests it over adb from outside: test.py SEALER.

Prints a line "ok    NAME" or "FAIL  NAME" for each check. adbd asks nobody who they are, so machine and adb are alone
in a network of their own: the sandbox's.
"""

import fcntl
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from story import Adb, Failed, expect  # noqa: E402

SERIAL = "127.0.0.1:5555"
# The system root that has adb.
ANDROID = "/w/android"
SERVICES = {
    "servicemanager": ("servicemanager", "1000"),
    "tee-supplicant": ("tee", "0"),
    "passkeybackupd": ("passkeybackupd", "7750"),
    "adbd": ("adbd", "2000"),
}
HAL = {
    "optee": ("hal_sealer_optee", "2901"),
    "nonsecure": ("hal_sealer_nonsecure", "2901"),
}


def loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh", b"lo", 1)  # ifreq with IFF_UP
        fcntl.ioctl(any_socket, 0x8914, request)  # SIOCSIFFLAGS


def adb_program(path):
    """Makes a program that runs the other system root's adb with its libraries: both are of the same suite."""
    libraries = f"{ANDROID}/usr/lib/x86_64-linux-gnu"
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"""#!/bin/sh
LD_LIBRARY_PATH={libraries}/android:{libraries} exec {ANDROID}/usr/lib/android-sdk/platform-tools/adb "$@"
""")
    os.chmod(path, 0o755)


def root_adb_program(path, adb):
    """Makes a program that is `adb` with a userdebug image at its other end. In the guest adbd is root's from the start, all
    folders can be written to, and adbd, which is not built for Android, knows no reboot: a stand-in does it."""
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"""#!/bin/sh
case "$3" in
root | remount) ;;
reboot)
    {adb} "$1" "$2" shell -T /system/bin/reboot && sleep 3 && {adb} disconnect "$2" || exit
    until {adb} connect "$2" | grep -q '^connected'; do sleep 1; done
    ;;
*) exec {adb} "$@" ;;
esac
""")
    os.chmod(path, 0o755)


def log(name):
    """What a log of the machine says so far."""
    try:
        with open(f"/w/boot/{name}.log", encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:  # QEMU makes the console's when it starts.
        return ""


def console():
    return log("console")


def wait_for(what, condition, seconds=600):
    for _ in range(seconds):
        if condition():
            return
        time.sleep(1)
    raise Failed(f"no {what}")


def boot():
    """Starts the machine and returns its process."""
    arguments = ["run", "disk", "1024", "0", "security=selinux selinux=1 enforcing=0", ""]
    with open("/w/boot/qemu.log", "w", encoding="utf-8") as said:
        return subprocess.Popen(["bash", "/w/inside/boot"] + arguments, stdout=said, stderr=said)


def come_up(machine, adb):
    """Waits until the guest has started everything and its adbd answers."""
    wait_for("end of the guest's start", lambda: (
        "aosp guest: everything was started" in console() or machine.poll() is not None))
    expect("status of the machine", None, machine.poll())
    wait_for("answer of adbd", lambda: "connected" in subprocess.run(
        [adb, "connect", SERIAL], capture_output=True, text=True, check=False).stdout, 60)


class Guest:
    """The checks. Each method whose name begins with `check_` is one; its documentation is its name."""

    def __init__(self, adb, sealer):
        self.adb, self.sealer = adb, sealer

    def cat(self, path):
        return self.adb.do("shell", "-T", f"cat {path}")

    def probe(self, name, wanted):
        """A command that the guest ran in a domain of its own must have said this."""
        said = self.cat(f"/run/probes/{name}")
        if not re.search(wanted, said):
            raise Failed(f"{name}: wanted {wanted!r} in:\n{said}")

    def denied(self, permission, source, target, tclass):
        """The kernel or servicemanager must have logged this denial."""
        line = (rf"avc: +denied +{{[^}}]*\b{permission}\b[^}}]*}}.*scontext=u:r:{source}:s0 "
                rf"tcontext=u:(r|object_r):{target}:s0 tclass={tclass}\b")
        wait_for(f"line {line}", lambda: re.search(line, console()), 20)

    def check_enforcing(self):
        """SELinux is enforcing"""
        expect("enforce", "1", self.cat("/sys/fs/selinux/enforce"))

    def check_domains(self):
        """every process runs in its own domain and under its own uid"""
        found = {}
        for line in self.cat("/run/domains").splitlines():
            name, *process = line.split()
            found[name] = tuple(process)
        wanted = {name: (f"u:r:{domain}:s0", uid) for name, (domain, uid) in SERVICES.items()}
        domain, uid = HAL[self.sealer]
        wanted["sealer-hal"] = (f"u:r:{domain}:s0", uid)
        expect("domains", wanted, found)

    def check_shell(self):
        """adb shell is uid 2000 in the domain shell"""
        expect("uid", "2000\n", self.adb.do("shell", "-T", "id -u"))
        expect("domain", "u:r:shell:s0", self.cat("/proc/self/attr/current").rstrip("\0\n"))

    def check_client(self):
        """a C++ client over libbinder_ndk calls the service from an app's domain, and gets its frozen interface"""
        with open("/w/src/aidl/aidl_api/android.security.passkeybackup/1/.hash", encoding="utf-8") as file:
            self.probe("app-call", rf"interface 1 {file.read().strip()}\nservice \S+ api 1 sealer ")

    def check_client_refused(self):
        """the C++ client gets the service's own error, with its code and its message"""
        self.probe("app-refused", r"getVault: 4 NOT_FOUND")

    def check_isolated(self):
        """an isolated app does not find the service: neither by its domain, nor by its uid alone"""
        self.probe("isolated-uid", r"not found\nstatus 3")
        self.probe("isolated-find", r"not found\nstatus 3")
        self.denied("find", "isolated_app", "passkeybackup_service", "service_manager")

    def check_app_sealer(self):
        """an app does not find the sealer HAL"""
        self.probe("app-find-hal", r"not found\nstatus 3")
        self.denied("find", "untrusted_app", "hal_sealer_service", "service_manager")

    def check_app_maintenance(self):
        """an app does not find the maintenance service"""
        self.probe("app-find-maintenance", r"not found\nstatus 3")
        self.denied("find", "untrusted_app", "passkeybackup_maintenance_service", "service_manager")

    def check_impostor(self):
        """nobody else registers the service's name, not even under the daemon's uid"""
        self.probe("app-add", r"not added")
        self.denied("add", "untrusted_app", "passkeybackup_service", "service_manager")

    def check_tee(self):
        """the TEE device opens for the HAL's domain only: not for a shell or an app with the HAL's uid"""
        self.probe("shell-tee", r"Permission denied")
        self.denied("(read|open)", "shell", "tee_device", "chr_file")
        self.probe("app-tee", r"Permission denied")
        self.denied("(read|open)", "untrusted_app", "tee_device", "chr_file")

    def check_tee_uid(self):
        """without the HAL's uid the TEE device does not open either, not even in a domain that may open it"""
        self.probe("init-tee", r"Permission denied")

    def check_data(self):
        """the daemon's folder opens for it only: not for a shell with its uid, not for another uid in a domain that may"""
        self.probe("shell-data", r"Permission denied")
        self.denied("(read|open|search|getattr)", "shell", "passkeybackup_data_file", "dir")
        self.probe("init-data", r"Permission denied")

    def check_transition(self):
        """a shell enters neither the daemon's domain nor the HALs', and runs none of the programs in its own"""
        for domain, program in [
            ("passkeybackupd", "/system_ext/bin/passkeybackupd"),
            ("hal_sealer_optee", "/vendor/bin/hw/android.hardware.security.sealer-service.optee"),
            ("hal_sealer_nonsecure", "/vendor/bin/hw/android.hardware.security.sealer-service.nonsecure"),
        ]:
            for command in (f"printf u:r:{domain}:s0 >/proc/self/attr/exec && exec busybox true", f"{program} --version"):
                done = self.adb.run("shell", "-T", command)
                expect(command, (True, b""), (done.returncode != 0, done.stdout))
            self.denied("transition", "shell", domain, "process")
            self.denied("execute", "shell", f"{domain}_exec", "file")

    def check_dump(self):
        """dumpstate gets the service's state for a bug report"""
        self.probe("bugreport", r"dump 0: passkeybackupd \S+\nsealer: .*\noperations: 0\n")

    def check_avd(self):
        """emulator/avd --dry-run shows all that it would do to this device, and does nothing"""
        done = avd(self.adb.command[0], "nonsecure", "--dry-run", capture_output=True, text=True)
        expect("status", 0, done.returncode)
        for wanted in (r"cargo ndk --target arm64-v8a ", r" push \S+/passkeybackupd /system_ext/bin/passkeybackupd\n",
                       r" push \S+/sealer-hal-nonsecure /vendor/bin/hw/", r" push \S+\.rc /vendor/etc/init/",
                       r" push \S+\.xml /vendor/etc/vintf/manifest/", r"chcon u:object_r:", r" reboot\n",
                       r"pkb --json info", r"would story: the audit log"):
            if not re.search(wanted, done.stdout):
                raise Failed(f"no {wanted!r} in:\n{done.stdout}{done.stderr}")
        self.adb.do("shell", "-T", "test ! -e /data/local/tmp/data && test ! -e /vendor/etc/vintf")

    def check_no_debugger(self):
        """a shell with the daemon's uid looks into no memory of the daemon"""
        self.probe("shell-memory", r"Permission denied")


def avd(adb, sealer, *options, **how):
    """Runs emulator/avd on the guest."""
    return subprocess.run(
        ["/w/src/emulator/avd", "--adb", adb, "--serial", SERIAL, "--sealer", sealer,
         "--authenticator", "/w/authenticator/pkb-authenticator", *options], check=False, **how)


def checks(guest):
    """Runs the checks and returns how many failed."""
    failed = 0
    for name in sorted(name for name in dir(guest) if name.startswith("check_")):
        method = getattr(guest, name)
        try:
            method()
            print(f"ok    guest: {method.__doc__}", flush=True)
        except Failed as error:
            failed += 1
            print(f"FAIL  guest: {method.__doc__}\n{error}", flush=True)
    return failed


def check_own_denials():
    """Returns whether something was refused to this project's own programs: their rules must cover all that they do."""
    name = "the policy refuses this project's own programs nothing, here and in the story"
    denials = re.findall(r"avc: +denied .*scontext=u:r:(?:passkeybackupd|hal_sealer_\w+|pkb):s0 .*", console())
    print("\n".join([f"{'FAIL ' if denials else 'ok   '} guest: {name}", *denials]), flush=True)
    return bool(denials)


def check_install(adb, work):
    """Has emulator/avd install this project into a device that has none of it, and looks at what runs then. Returns how many
    checks failed."""
    program = os.path.join(work, "root-adb")
    root_adb_program(program, adb)
    device = Adb(SERIAL, program)
    name = "emulator/avd installs into an image without this project, whose init starts it after a reboot"
    try:
        # Not one of them: `! ls` would be content with any that is missing.
        device.do("shell", "-T", "for file in /system_ext/bin/* /vendor/bin/hw/* /system_ext/etc/init/* /vendor/etc/init/*; "
                  "do test ! -e $file || exit 1; done")
        # It goes through the story, which prints its own steps.
        expect("status of emulator/avd", 0, avd(program, "nonsecure", "--prebuilt", "/w/rust").returncode)
        running = device.do("shell", "-T", "cat /run/domains")
        for wanted in ("passkeybackupd u:r:su:s0 7750", "vendor.sealer-nonsecure u:r:su:s0 2901"):
            if wanted not in running.splitlines():
                raise Failed(f"no {wanted!r} in:\n{running}")
    except Failed as error:
        print(f"FAIL  guest: {name}\n{error}", flush=True)
        return 1
    print(f"ok    guest: {name}", flush=True)
    return 0


def main():
    sealer = sys.argv[1]
    loopback_up()
    work = tempfile.mkdtemp()
    program = os.path.join(work, "adb")
    adb_program(program)
    machine = boot()
    failed = 1
    try:
        come_up(machine, program)
        if sealer == "none":
            failed = check_install(program, work)
        else:
            failed = checks(Guest(Adb(SERIAL, program), sealer))
            failed += avd(program, sealer, "--story-only").returncode != 0
            failed += check_own_denials()
    except Failed as error:
        print(f"FAIL  guest: it comes up\n{error}", flush=True)
    finally:
        machine.kill()
        subprocess.run([program, "kill-server"], capture_output=True, check=False)
        if failed:
            print(log("qemu")[-8000:] + console()[-8000:], file=sys.stderr)
    sys.exit(1 if failed else 0)


main()
