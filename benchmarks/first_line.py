"""Submit of a cell -> its first line at a kernel client, against ``%%bash``, ``%%script python -u`` and submitit.

All but submitit's, which is a file, are seen at the kernel client; a bare ``python -u`` is shown, too."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import harness
from harness import Kernel, Promise

PYTHON = "total = sum(range(10))\nprint('first', total)\n"


def bare_python() -> float:
    """Milliseconds from the fork of ``python -u`` to its first line."""
    start = time.perf_counter()
    with subprocess.Popen([sys.executable, "-u", "-c", PYTHON], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        return (time.perf_counter() - start) * 1000


def print_first() -> None:
    """What the peer runs."""
    print("first", sum(range(10)), flush=True)


def measure(rounds: int) -> list[Promise]:
    with Kernel() as kernel, harness.submitit_executor() as executor:
        kernel.run("%load_ext jupyter_cube")

        def cell(header: str, body: str) -> float:
            seconds = kernel.first(f"{header}\n{body}", "first")
            time.sleep(0.05)  # what the job leaves behind is not the next round's
            return seconds * 1000

        def submitit() -> float:
            start = time.perf_counter()
            job = executor.submit(print_first)
            log = Path(job.paths.stdout)
            while not (log.exists() and "first" in log.read_text()):
                time.sleep(0.001)
            seconds = time.perf_counter() - start
            job.result()
            return seconds * 1000

        found = harness.interleave(
            rounds,
            {
                "%%bash": lambda: cell("%%bash", "echo first"),
                "shell": lambda: cell("%%cube submit --shell --follow", "echo first"),
                "python -u": bare_python,
                "%%script python -u": lambda: cell(f"%%script {sys.executable} -u", PYTHON),
                "python": lambda: cell("%%cube submit --follow", PYTHON),
            },
        )
        found["submitit"] = [submitit() for _ in range(5)]  # seconds each, so fewer
    for name, values in found.items():
        print(f"{name}: {harness.spread(values)} ms")
    print()
    middle = {name: harness.median(values) for name, values in found.items()}

    def promise(side: str, peer: str, goal: float) -> Promise:
        return Promise(f"{side} cell -> first line", middle[side], goal=goal, peer=peer, theirs=middle[peer])

    return [
        promise("shell", "%%bash", 2),
        promise("python", "%%script python -u", 1.5),
        promise("shell", "submitit", 0.1),
        promise("python", "submitit", 0.1),
    ]


if __name__ == "__main__":
    harness.main(measure, rounds=30)
