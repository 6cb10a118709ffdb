"""100,000 printed lines of 100 bytes from one task through ``follow()``, against ipyparallel's ``%%px``."""

from __future__ import annotations

import asyncio
import time

import harness
import jupyter_cube
from harness import Kernel, Promise
from jupyter_cube.log import Chunk

LINES = 100_000
TEXT = "x" * 99
START = """
import ipyparallel
_cluster = ipyparallel.Cluster(n={engines}, log_level=40)
_client = _cluster.start_and_connect_sync(activate=True)
"""


def printing(lines: int) -> str:
    """The text that either side runs."""
    return f"for _ in range({lines}):\n    print({TEXT!r})"


async def read() -> int:
    """Submit, follow to the end; how many lines came."""
    job = jupyter_cube.submit(printing(LINES))
    count = 0
    async for batch in job.follow():
        count += sum(len(piece.lines()) for piece in batch if isinstance(piece, Chunk))
    return count


def ours() -> float:
    """Lines a second, from the submit to the last line."""
    start = time.perf_counter()
    count = asyncio.run(read())
    seconds = time.perf_counter() - start
    if count != LINES:
        raise RuntimeError(f"{count} of {LINES} lines came")
    return count / seconds


def measure(rounds: int) -> list[Promise]:
    with Kernel() as one, Kernel() as four:
        one.run(START.format(engines=1))
        four.run(START.format(engines=4))

        def px(kernel: Kernel, engines: int) -> float:
            code = f"%%px\n{printing(LINES // engines)}"
            start = time.perf_counter()
            shown = kernel.run(code)
            seconds = time.perf_counter() - start
            if sum(output.text.count(TEXT) for output in shown) < LINES:
                raise RuntimeError("%%px lost lines")
            return LINES / seconds

        found = harness.interleave(
            rounds, {"%%px 1 engine": lambda: px(one, 1), "%%px 4 engines": lambda: px(four, 4), "ours": ours}
        )
        for kernel in (one, four):
            kernel.run("_cluster.stop_cluster_sync()")
    for name, values in found.items():
        print(f"{name}: {harness.spread(values)} lines/s")
    print()
    middle = {name: harness.median(values) for name, values in found.items()}
    peer = max((name for name in middle if name != "ours"), key=middle.__getitem__)
    return [
        Promise(
            f"{LINES:,} lines of one task to a Python reader",
            middle["ours"],
            goal=5,
            unit="lines/s",
            peer=peer,
            theirs=middle[peer],
            at_least=True,
        )
    ]


if __name__ == "__main__":
    harness.main(measure, rounds=5)
