"""A page of 1,000 jobs by request, of as many and of ten times as many, against jupyter-scheduler's 1,000."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import time
from pathlib import Path

import harness
import jupyter_cube
from harness import Promise
from serving import Server

PAGE, MANY = 1_000, 10_000


def grow(job: jupyter_cube.Job, more: int) -> None:
    """Put more ended jobs into the store, which differ from this one by their ids only."""
    record = json.loads((job.folder / "job.json").read_bytes())
    for _ in range(more):
        name = "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz234567") for _ in range(16))
        folder = job.folder.with_name(name)
        shutil.copytree(job.folder, folder, copy_function=os.link)
        (folder / "job.json").unlink()
        (folder / "job.json").write_text(json.dumps({**record, "id": name}))


def fill_scheduler(database: Path, count: int) -> str:
    """A database of jupyter-scheduler with ended jobs; its address."""
    from jupyter_scheduler.orm import Job, create_session, create_tables

    address = f"sqlite:///{database}"
    create_tables(address)
    with create_session(address)() as session:
        for number in range(count):
            session.add(
                Job(
                    name=f"job {number}",
                    runtime_environment_name="base",
                    input_filename="train.ipynb",
                    output_formats=["ipynb"],
                    output_filename_template="{{input_filename}}-{{create_time}}",
                    status="COMPLETED",
                )
            )
        session.commit()
    return address


def page_ms(server: Server, path: str, count: int) -> float:
    """Milliseconds for a page, which must have so many jobs."""
    start = time.perf_counter()
    found = server.ask(path)["jobs"]
    seconds = time.perf_counter() - start
    if len(found) != count:
        raise RuntimeError(f"{len(found)} jobs instead of {count}")
    return seconds * 1000


def measure(rounds: int) -> list[Promise]:
    job = jupyter_cube.submit("true", shell=True)
    job.wait()
    path = f"cube/api/jobs?limit={PAGE}"
    with Server() as server:
        address = fill_scheduler(server.root / "scheduler.sqlite", PAGE)
        option = f"--SchedulerApp.db_url={address}"
        with Server(option, extensions=["jupyter_scheduler"]) as scheduler:
            grow(job, PAGE - 1)
            found = harness.interleave(
                rounds,
                {
                    "ours": lambda: page_ms(server, path, PAGE),
                    "scheduler": lambda: page_ms(scheduler, f"scheduler/jobs?max_items={PAGE}", PAGE),
                },
            )
            grow(job, MANY - PAGE)
            page_ms(server, path, PAGE)  # the first look reads all the new ones
            time.sleep(0.2)
            found |= harness.interleave(
                rounds,
                {
                    f"ours of {MANY}": lambda: page_ms(server, path, PAGE),
                    "scheduler again": lambda: page_ms(scheduler, f"scheduler/jobs?max_items={PAGE}", PAGE),
                },
            )
    for name, values in found.items():
        print(f"{name}: {harness.spread(values)} ms")
    print()
    middle = {name: harness.median(values) for name, values in found.items()}
    return [
        Promise(f"{PAGE} of {PAGE} jobs", middle["ours"], goal=0.15, peer="scheduler", theirs=middle["scheduler"]),
        Promise(
            f"{PAGE} of {MANY} jobs",
            middle[f"ours of {MANY}"],
            goal=0.15,
            peer=f"scheduler of {PAGE}",
            theirs=middle["scheduler again"],
        ),
    ]


if __name__ == "__main__":
    harness.main(measure, rounds=15)
