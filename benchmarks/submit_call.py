"""The submit call: a durable job and a started task, against one fsynced SQLite commit plus one spawn."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import time
from pathlib import Path

import harness
import jupyter_cube
from harness import Promise


def measure(rounds: int) -> list[Promise]:
    database = sqlite3.connect(Path(os.environ["CUBE_STORE"]).parent / "floor.sqlite", isolation_level=None)
    database.execute("pragma journal_mode=wal")
    database.execute("pragma synchronous=full")
    database.execute("create table jobs (id integer primary key, record text)")
    record = "x" * 2000

    def floor() -> float:
        start = time.perf_counter()
        database.execute("insert into jobs (record) values (?)", (record,))
        child = subprocess.Popen(["/bin/true"], start_new_session=True)
        seconds = time.perf_counter() - start
        child.wait()
        return seconds * 1000

    def ours() -> float:
        start = time.perf_counter()
        job = jupyter_cube.submit("true", shell=True)
        seconds = time.perf_counter() - start
        job.wait()
        time.sleep(0.05)  # its runner leaves after the end has been recorded
        return seconds * 1000

    found = harness.interleave(rounds, {"floor": floor, "ours": ours})
    print(f"ours {harness.spread(found['ours'])} ms, floor {harness.spread(found['floor'])} ms\n")
    return [
        Promise(
            "submit call returns, the job durable and started",
            harness.median(found["ours"]),
            goal=3,
            peer="SQLite commit + spawn",
            theirs=harness.median(found["floor"]),
        )
    ]


if __name__ == "__main__":
    harness.main(measure, rounds=40)
