"""What all benchmarks share: interleaved rounds, medians, ratios, one table, a kernel and its client.

A benchmark file measures one promise. Both sides run in the same process environment and in turn, because the same
code varies by a factor of two between runs on a shared machine; only the ratio within a run means something.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from jupyter_client.manager import KernelManager


@dataclass(frozen=True, slots=True)
class Promise:
    """One line of the table.

    Attributes:
        ours: our side, in ``unit``.
        theirs: the other side, in ``unit``; None where the goal is absolute.
        goal: bound of ours / theirs (or of ours).
        at_least: the goal is a lower bound.
    """

    name: str
    ours: float
    goal: float
    unit: str = "ms"
    peer: str = ""
    theirs: float | None = None
    at_least: bool = False

    @property
    def figure(self) -> float:
        """What is compared with the goal."""
        if self.theirs is None:
            return self.ours
        return self.ours / self.theirs if self.theirs else float("inf")

    @property
    def kept(self) -> bool:
        return self.figure >= self.goal if self.at_least else self.figure <= self.goal

    def __str__(self) -> str:
        bound = ">=" if self.at_least else "<="
        if self.theirs is None:
            figures = f"{self.ours:,.4g} {self.unit} | | | {bound} {self.goal:g} {self.unit}"
        else:
            figures = (
                f"{self.ours:,.4g} {self.unit} | {self.peer}: {self.theirs:,.4g} {self.unit} "
                f"| {self.figure:.3g}x | {bound} {self.goal:g}x"
            )
        return f"| {self.name} | {figures} | {'yes' if self.kept else 'NO'} |"


HEADER = "| promise | ours | the other side | ratio | goal | kept |\n|---|---|---|---|---|---|"


def interleave(rounds: int, sides: Mapping[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Run every side once a round, in turn, after one unmeasured round; what each returned."""
    found: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds + 1):
        for name, measure in sides.items():
            value = measure()
            if number:
                found[name].append(value)
    return found


def median(values: list[float]) -> float:
    """The middle value."""
    return statistics.median(values)


def spread(values: list[float]) -> str:
    """Median, least and most, for people."""
    return f"{median(values):,.4g} [{min(values):,.4g}-{max(values):,.4g}]"


def percentile(values: list[float], share: float) -> float:
    """The value that ``share`` of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def main(measure: Callable[[int], list[Promise]], *, rounds: int) -> None:
    """Measure, print the table; exit code 1 where a promise is not kept.

    Args:
        measure: gets the number of rounds.
        rounds: the default, unless ``--rounds`` says otherwise.
    """
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("--rounds", type=int, default=rounds)
    words = parser.parse_args()
    with scratch():
        promises = measure(words.rounds)
    print(HEADER)
    for promise in promises:
        print(promise)
    sys.exit(not all(promise.kept for promise in promises))


@contextmanager
def scratch() -> Iterator[Path]:
    """A store, host locks and Jupyter folders of this run's own, removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="jupyter-cube-bench-"))
    own = {
        "CUBE_STORE": folder / "store",
        "CUBE_LOCKS": folder / "locks",
        "JUPYTER_CONFIG_DIR": folder / "config",
        "JUPYTER_RUNTIME_DIR": folder / "runtime",
        "IPYTHONDIR": folder / "ipython",
    }
    os.environ.update({name: str(path) for name, path in own.items()})
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Output:
    """One piece of text that a cell has shown: when (``time.time``) and what."""

    time: float
    text: str


@final
class Kernel:
    """A real kernel of this interpreter, and a client that stamps what arrives. Use it as a context manager."""

    def __enter__(self) -> Kernel:
        self._manager = KernelManager(kernel_name="python3")
        # the interpreter of this process, whatever kernels the machine has
        assert self._manager.kernel_spec is not None
        self._manager.kernel_spec.argv[0] = sys.executable
        self._manager.start_kernel()
        self._client = self._manager.blocking_client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=60)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)

    def run(self, code: str, *, until: str = "", timeout: float = 120) -> list[Output]:
        """Run a cell; what it showed until it was done, and beyond that until ``until`` was shown.

        Raises:
            RuntimeError: the cell raised.
        """
        asked = self._client.execute(code)
        shown: list[Output] = []
        idle = False
        deadline = time.monotonic() + timeout
        while not idle or (until and not any(until in output.text for output in shown)):
            message: dict[str, Any] = self._client.get_iopub_msg(timeout=max(0.1, deadline - time.monotonic()))
            now = time.time()
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                shown.append(Output(now, content["text"]))
            elif kind in ("display_data", "update_display_data", "execute_result"):
                shown.append(Output(now, str(content["data"].get("text/plain", ""))))
            elif kind == "error":
                raise RuntimeError("\n".join(content["traceback"]))
            elif kind == "status" and message["parent_header"].get("msg_id") == asked:
                idle = idle or content["execution_state"] == "idle"
        return shown

    def first(self, code: str, text: str) -> float:
        """Seconds from sending a cell to the arrival of ``text`` at the client."""
        start = time.time()
        for output in self.run(code, until=text):
            if text in output.text:
                return output.time - start
        raise RuntimeError(f"{text!r} was never shown")

    def value(self, expression: str) -> str:
        """``str`` of an expression's value in the kernel."""
        reply = self._client.execute_interactive("", user_expressions={"value": expression}, timeout=60)
        content = reply["content"]["user_expressions"]["value"]
        if content["status"] != "ok":
            raise RuntimeError(f"{content['ename']}: {content['evalue']}")
        return str(content["data"]["text/plain"])


@contextmanager
def submitit_executor() -> Iterator[Any]:
    """submitit's local executor, with a log folder of its own."""
    import submitit

    with tempfile.TemporaryDirectory() as folder:
        executor = submitit.LocalExecutor(folder=folder)
        executor.update_parameters(timeout_min=5)
        yield executor
