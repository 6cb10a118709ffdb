"""100,000 printed lines of 100 bytes from one task through ``follow()``, against ipyparallel's ``%%px``.

The goal compares one task with one engine. Four engines with a quarter of the lines each, and text that writes blocks
instead of lines, are measured as well, for information.
"""

from __future__ import annotations

import asyncio
import time

import harness
import jupyter_cube
from harness import Kernel, Promise
from jupyter_cube.log.chunk import Chunk

LINES = 100_000
TEXT = "x" * 99
START = """
import ipyparallel
_cluster = ipyparallel.Cluster(n={engines}, log_level=40)
_client = _cluster.start_and_connect_sync(activate=True)
"""


PRINTS = "for _ in range({lines}):\n    print({text!r})"
BLOCKS = "import sys\nfor _ in range({lines} // 1000):\n    sys.stdout.write({text!r} * 1000)"


def text(source: str, lines: int) -> str:
    """What either side runs."""
    return source.format(lines=lines, text=TEXT if source is PRINTS else TEXT + "\n")


async def read(source: str) -> float:
    """Submit and follow; when the last line was there."""
    job = jupyter_cube.submit(text(source, LINES))
    count, last = 0, 0.0
    async for batch in job.follow():
        count += sum(len(piece.lines()) for piece in batch if isinstance(piece, Chunk))
        last = last or (count == LINES and time.time()) or 0.0
    if count != LINES:
        raise RuntimeError(f"{count} of {LINES} lines came")
    return last


def ours(source: str) -> float:
    """Lines a second, from the submit to the last line."""
    start = time.time()
    return LINES / (asyncio.run(read(source)) - start)


def px(kernel: Kernel, source: str, engines: int = 1) -> float:
    """The same through engines that share the lines, at a kernel client."""
    start = time.time()
    shown = kernel.run(f"%%px\n{text(source, LINES // engines)}")
    if sum(output.text.count(TEXT) for output in shown) < LINES:
        raise RuntimeError("%%px lost lines")
    return LINES / (shown[-1].time - start)


def measure(rounds: int) -> list[Promise]:
    with Kernel() as one, Kernel() as four:
        one.run(START.format(engines=1))
        four.run(START.format(engines=4))
        found = harness.interleave(
            rounds,
            {
                "%%px": lambda: px(one, PRINTS),
                "%%px, 4 engines": lambda: px(four, PRINTS, 4),
                "%%px, blocks": lambda: px(one, BLOCKS),
                "ours": lambda: ours(PRINTS),
                "ours, blocks": lambda: ours(BLOCKS),
            },
        )
        for kernel in (one, four):
            kernel.run("_cluster.stop_cluster_sync()")
    for name, values in found.items():
        print(f"{name}: {harness.spread(values)} lines/s")
    print()
    return [
        Promise(
            f"{LINES:,} lines of one task to a Python reader",
            harness.median(found["ours"]),
            goal=5,
            unit="lines/s",
            peer="%%px",
            theirs=harness.median(found["%%px"]),
            at_least=True,
        )
    ]


if __name__ == "__main__":
    harness.main(measure, rounds=5)
