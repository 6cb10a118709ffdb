"""``%load_ext jupyter_cube`` in a running kernel, against ipyparallel's, and what it may not import."""

from __future__ import annotations

import harness
from harness import Kernel, Promise

HEAVY = ("jinja2", "jupyter_server", "kubernetes", "ipywidgets", "yaml")
TIMED = """
import time
_start = time.perf_counter()
get_ipython().run_line_magic("load_ext", {name!r})
_milliseconds = (time.perf_counter() - _start) * 1000
"""


def load(name: str) -> tuple[float, list[str]]:
    """Milliseconds of loading an extension into a fresh kernel, and what heavy modules are there afterwards."""
    with Kernel() as kernel:
        kernel.run(TIMED.format(name=name))
        milliseconds = float(kernel.value("_milliseconds"))
        loaded = kernel.value(f"' '.join(m for m in {HEAVY} if m in __import__('sys').modules)")
        return milliseconds, loaded.strip("'").split()


def measure(rounds: int) -> list[Promise]:
    heavy: list[str] = []

    def ours() -> float:
        milliseconds, loaded = load("jupyter_cube")
        heavy.extend(loaded)
        return milliseconds

    found = harness.interleave(rounds, {"ipyparallel": lambda: load("ipyparallel")[0], "ours": ours})
    print(f"ours {harness.spread(found['ours'])} ms, ipyparallel {harness.spread(found['ipyparallel'])} ms\n")
    return [
        Promise(
            "%load_ext",
            harness.median(found["ours"]),
            goal=0.25,
            peer="ipyparallel",
            theirs=harness.median(found["ipyparallel"]),
        ),
        Promise(f"heavy modules loaded {sorted(set(heavy)) or ''}", len(set(heavy)), goal=0, unit="modules"),
    ]


if __name__ == "__main__":
    harness.main(measure, rounds=5)
