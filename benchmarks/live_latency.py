"""From a task's write to the kernel client, 50 lines a second, against ``%%bash``."""

from __future__ import annotations

import re
import sys

import harness
from harness import Kernel, Promise

LINES = 150
WRITER = f"""
import sys, time
for _ in range({LINES}):
    time.sleep(0.02)
    sys.stdout.write("sent %r\\n" % time.time())
"""


def latencies(kernel: Kernel, header: str) -> list[float]:
    """Milliseconds of each line from the writer to the client."""
    shown = kernel.run(f"{header}\nexec {sys.executable} -u - <<'END'\n{WRITER}\nEND", until="")
    found = [
        (output.time - float(stamp)) * 1000 for output in shown for stamp in re.findall(r"sent ([\d.]+)", output.text)
    ]
    if len(found) != LINES:
        raise RuntimeError(f"{header}: {len(found)} of {LINES} lines arrived")
    return found


def measure(rounds: int) -> list[Promise]:
    theirs: list[float] = []
    ours: list[float] = []
    with Kernel() as kernel:
        kernel.run("%load_ext jupyter_cube")
        for _ in range(rounds):
            theirs += latencies(kernel, "%%bash")
            ours += latencies(kernel, "%%cube submit --shell --follow")
    print(f"ours {harness.spread(ours)} ms, %%bash {harness.spread(theirs)} ms\n")
    return [
        Promise(
            f"live line, {name}",
            harness.percentile(ours, share),
            goal=goal,
            peer="%%bash",
            theirs=harness.percentile(theirs, share),
        )
        for name, share, goal in (("p50", 0.5, 1.5), ("p99", 0.99, 2))
    ]


if __name__ == "__main__":
    harness.main(measure, rounds=4)
