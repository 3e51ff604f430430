#!/usr/bin/env python3
"""Throughput of a backup and a restore command beside `age` and `openssl speed`, in one run.

    compare.py --backup 'CMD' --restore 'CMD' [--prepare 'CMD'] [--name N] [--mib 1024]
               [--rounds 3] [--dir DIR] [--aim 2.0]

The commands run in a shell with IN and OUT in their environment: --backup reads the plaintext
$IN and writes the archive $OUT, --restore reads the archive $IN and writes the plaintext $OUT.
--prepare runs untimed before every restore with IN set to the archive (for a ceremony's begin).
Files lie in DIR (default: the memory file system /dev/shm, so that disks do not decide), rounds
alternate between the candidates, and the best round of each counts. What was restored is compared
with the original, byte for byte. Peak RSS and CPU seconds are those of the command itself, not of
a daemon; on a busy machine CPU seconds say more than GB/s.

Exit status: 0, or 1 when something failed or a ratio to age is below --aim.
"""

import argparse
import filecmp
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time


def timed(command: str, source: str, target: str) -> tuple[float, float, int]:
    """Runs a command; returns seconds, CPU seconds and peak RSS in KiB."""
    if os.path.exists(target):
        os.unlink(target)
    env = dict(os.environ, IN=source, OUT=target)
    start = time.perf_counter()
    process = subprocess.Popen(["sh", "-c", "exec " + command], env=env,
                               stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status != 0:
        raise SystemExit(f"failed ({os.waitstatus_to_exitcode(status)}): {command}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def openssl_rate() -> float | None:
    """GB/s of one core, as `openssl speed` says."""
    if not shutil.which("openssl"):
        return None
    run = subprocess.run(["openssl", "speed", "-seconds", "2", "-bytes", "1048576", "-evp",
                          "aes-256-gcm"], capture_output=True, text=True, check=False)
    found = re.search(r"^AES-256-GCM\s+([\d.]+)k", run.stdout, re.M | re.I)
    return float(found.group(1)) * 1000 / 1e9 if found else None


def make_input(path: str, mib: int) -> None:
    with open("/dev/urandom", "rb") as source, open(path, "wb") as target:
        for _ in range(mib):
            target.write(source.read(1 << 20))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backup", required=True)
    parser.add_argument("--restore", required=True)
    parser.add_argument("--prepare")
    parser.add_argument("--name", default="this")
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dir", default="/dev/shm")
    parser.add_argument("--aim", type=float)
    options = parser.parse_args()
    if not shutil.which("age"):
        raise SystemExit("age is missing: apt-get install age")

    with tempfile.TemporaryDirectory(dir=options.dir, prefix="pkb-bench-") as folder:
        plain, restored = os.path.join(folder, "plain"), os.path.join(folder, "restored")
        make_input(plain, options.mib)
        identity = os.path.join(folder, "age.key")
        subprocess.run(["age-keygen", "-o", identity], check=True, stderr=subprocess.DEVNULL)
        recipient = subprocess.run(["age-keygen", "-y", identity], check=True,
                                   capture_output=True, text=True).stdout.strip()
        candidates = {
            options.name: (options.backup, options.restore, options.prepare),
            "age": (f'age -r {recipient} -o "$OUT" "$IN"',
                    f'age -d -i {identity} -o "$OUT" "$IN"', None),
        }
        best: dict[tuple[str, str], float] = {}
        cpu: dict[tuple[str, str], float] = {}
        rss: dict[str, int] = {}
        for _ in range(options.rounds):
            for name, (backup, restore, prepare) in candidates.items():
                archive = os.path.join(folder, "archive")
                seconds, busy, peak = timed(backup, plain, archive)
                best[name, "backup"] = min(seconds, best.get((name, "backup"), seconds))
                cpu[name, "backup"] = min(busy, cpu.get((name, "backup"), busy))
                rss[name] = max(peak, rss.get(name, 0))
                if prepare:
                    timed(prepare, archive, restored)
                seconds, busy, peak = timed(restore, archive, restored)
                best[name, "restore"] = min(seconds, best.get((name, "restore"), seconds))
                cpu[name, "restore"] = min(busy, cpu.get((name, "restore"), busy))
                rss[name] = max(peak, rss.get(name, 0))
                if not filecmp.cmp(plain, restored, shallow=False):
                    raise SystemExit(f"{name} restored other bytes than it was given")
                os.unlink(archive)
                os.unlink(restored)

    gigabytes = options.mib * (1 << 20) / 1e9
    openssl = openssl_rate()
    print(f"{options.mib} MiB in {options.dir}, best of {options.rounds}, "
          f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"{'':10}{'backup':>12}{'restore':>12}{'peak RSS':>12}{'CPU s, both ways':>22}")
    for name in candidates:
        rates = [gigabytes / best[name, way] for way in ("backup", "restore")]
        print(f"{name:10}{rates[0]:7.2f} GB/s{rates[1]:7.2f} GB/s{rss[name] / 1024:8.1f} MiB"
              f"{cpu[name, 'backup']:14.2f}{cpu[name, 'restore']:8.2f}")
    if openssl is not None:
        print(f"{'openssl':10}{openssl:7.2f} GB/s  (speed -evp aes-256-gcm, one core, in memory)")
    reached = True
    for way in ("backup", "restore"):
        ratio = best["age", way] / best[options.name, way]
        line = f"{way:8} {ratio:.2f} x age"
        if openssl is not None:
            line += f", {gigabytes / best[options.name, way] / openssl:.2f} x openssl speed"
        print(line)
        reached &= options.aim is None or ratio >= options.aim
    if not reached:
        print(f"below the aim of {options.aim} x age")
    return 0 if reached else 1


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.exit(main())
