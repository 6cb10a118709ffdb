"""What it costs when nothing happens: processes without a job, and the memory of a running job's owner."""

from __future__ import annotations

import os
import time
from pathlib import Path

import harness
import jupyter_cube
from harness import Promise


def ours() -> list[Path]:
    """/proc folders of the processes that work for this run's store: runner and waiter are given a folder in it."""
    store = os.environ["CUBE_STORE"].encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes()
            if b"jupyter_cube" in words and store in words:
                found.append(folder)
        except OSError:  # it has ended, or is another user's
            continue
    return found


def private_dirty_mb(folder: Path) -> float:
    """Memory that the process alone has written to, MB."""
    for line in (folder / "smaps_rollup").read_text().splitlines():
        if line.startswith("Private_Dirty:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError(f"{folder} says nothing of Private_Dirty")


def cpu_seconds(folder: Path) -> float:
    """CPU time the process has used."""
    fields = (folder / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(rounds: int) -> list[Promise]:
    job = jupyter_cube.submit("sleep 60", shell=True)
    time.sleep(2)
    owners = ours()
    memory = max(private_dirty_mb(owner) for owner in owners)
    before = sum(cpu_seconds(owner) for owner in owners)
    time.sleep(rounds)
    used = (sum(cpu_seconds(owner) for owner in owners) - before) / rounds
    job.stop()
    job.wait()
    deadline = time.monotonic() + 5
    while ours() and time.monotonic() < deadline:
        time.sleep(0.05)
    return [
        Promise("processes of ours when no job runs", len(ours()), goal=0, unit="processes"),
        Promise("Private_Dirty of a running job's owner", memory, goal=12, unit="MB"),
        Promise("CPU of the owner of a silent job", used * 100, goal=0.5, unit="%"),
    ]


if __name__ == "__main__":
    harness.main(measure, rounds=5)
