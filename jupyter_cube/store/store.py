"""The store: one folder a job, committed whole. The formats are in ``docs/formats.md``."""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_cube import files, space
from jupyter_cube.errors import NotFoundError
from jupyter_cube.lifecycle import plan as plans
from jupyter_cube.lifecycle.plan import Plan
from jupyter_cube.store.folder import NOBODY, VERSION, JobFolder, order_record

_DAY = 86400.0  # seconds
_ROOM = 128 << 10  # bytes that must be free beyond what a new job takes, and for each of its tasks a block more
_BLOCK = 4 << 10


def new_id() -> str:
    """A job's id: 80 random bits, in letters and digits that no shell and no file system minds."""
    return base64.b32encode(os.urandom(10)).decode().lower()


def _take_room(staged: str, tasks: int) -> None:
    """On a disk that becomes full a job must still be able to come to an end, and to say so."""
    space.reserve(f"{staged}/states.jsonl", 2 * _BLOCK + 1024 * tasks)
    space.reserve(f"{staged}/timeline", _BLOCK + 256 * tasks)
    space.require(staged, _ROOM + 2 * _BLOCK * tasks)


class Store:
    """All jobs of one user.

    Args:
        path: the store's folder; made, with mode 0700, when the first job is.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.jobs_path = path / "jobs"

    def create(
        self,
        plan: Plan,
        *,
        record: Mapping[str, Any],
        spec: str,
        private: Mapping[str, bytes],
        owner_script: str,
        wrapper: str,
    ) -> JobFolder:
        """Commit a job: at any moment there is a whole job, or none, and after this call there is one.

        It is forced to the disk here, before anything is started: beside tasks that start, that would take longer.

        Args:
            record: what ``job.json`` holds besides id, version and place.
            spec: the job as written, secrets masked.
            private: name to bytes of files that only the tasks may see.
            owner_script: sh text that starts an owner.
            wrapper: sh text around every task.

        Raises:
            StoreError: the disk is full or cannot be written.
        """
        name = new_id()
        staged = f"{self.jobs_path}/.new-{name}"
        with files.disk_errors(self.jobs_path), files.draft_of(self.jobs_path, staged):
            if not self.jobs_path.is_dir():
                self.jobs_path.mkdir(parents=True, exist_ok=True)
                self.path.chmod(0o700)
            try:
                self._stage(staged, plan, private)
                now = time.time()
                files.write(f"{staged}/spec.yaml", spec)
                files.write(f"{staged}/owner.sh", owner_script)
                files.write(f"{staged}/wrapper.sh", wrapper)
                files.write(f"{staged}/orders/1.json", json.dumps(order_record(1, None)))
                whole = {"version": VERSION, "id": name, "created": now, **record, "plan": plans.to_json(plan)}
                files.write(f"{staged}/job.json", json.dumps(whole))
                _take_room(staged, len(plan.tasks))
                files.fsync(f"{staged}/job.json")
                os.rename(staged, self.jobs_path / name)
                files.fsync(self.jobs_path)
            except BaseException:
                files.remove_tree(Path(staged))
                raise
        folder = JobFolder(self.jobs_path / name)
        folder._record, folder._plan = whole, plan
        return folder

    @staticmethod
    def _stage(staged: str, plan: Plan, private: Mapping[str, bytes]) -> None:
        os.mkdir(staged, 0o700)
        for part in ("orders", "files", "private", "tasks"):
            os.mkdir(f"{staged}/{part}")
        for task in plan.tasks:
            os.mkdir(f"{staged}/tasks/{task.name}")
        for file in plan.files:
            path = f"{staged}/files/{file.path}"
            if "/" in file.path:
                os.makedirs(os.path.dirname(path), exist_ok=True)
            files.write(path, file.text, mode=file.mode)
        for name, data in private.items():
            files.write(f"{staged}/private/{name}", data)
        files.write(f"{staged}/nobody", NOBODY)

    def ids(self) -> list[str]:
        """Ids of all jobs.

        Raises:
            StoreError: it cannot be read.
        """
        with files.disk_errors(self.jobs_path):
            try:
                return [name for name in os.listdir(self.jobs_path) if not name.startswith(".")]
            except FileNotFoundError:
                return []

    def folder(self, job_id: str) -> JobFolder:
        """The job of exactly that id.

        Raises:
            NotFoundError: there is none.
        """
        path = self.jobs_path / job_id
        if "/" in job_id or job_id.startswith(".") or not (path / "job.json").exists():
            raise NotFoundError(f"no job {job_id!r}")
        return JobFolder(path)

    def delete(self, folder: JobFolder) -> None:
        """Remove a job whole; a cut-off removal leaves only what ``sweep`` takes."""
        with files.disk_errors(folder.path):
            doomed = self.jobs_path / f".old-{folder.id}"
            os.rename(folder.path, doomed)
            files.remove_tree(doomed)

    def sweep(self) -> None:
        """Remove what cut-off submits (older than an hour) and removals have left."""
        for path in self.jobs_path.glob(".old-*"):
            files.remove_tree(path)
        for path in self.jobs_path.glob(".new-*"):
            if time.time() - path.stat().st_mtime > 3600:
                files.remove_tree(path)

    def daily(self, *, keep_private_days: float) -> None:
        """Once a day: sweep, delete private files of jobs that ended long ago, and measure the store.

        Called by owners that have nothing else to do any more, so that no submit waits for it.
        """
        stamp = self.path / "daily.json"
        if stamp.exists() and time.time() - stamp.stat().st_mtime < _DAY:
            return
        files.replace(stamp, json.dumps({"bytes": None}))  # another owner that looks now leaves it to this one
        self.sweep()
        for name in self.ids():
            path = self.jobs_path / name
            states_file = path / "states.jsonl"
            if not (path / "private").is_dir() or not states_file.exists():
                continue
            if time.time() - states_file.stat().st_mtime > keep_private_days * _DAY:
                folder = JobFolder(path)
                if folder.state().state.final:
                    folder.remove_private()
        size = sum(file.lstat().st_blocks * 512 for file in self.path.rglob("*") if not file.is_dir())
        files.replace(stamp, json.dumps({"bytes": size}))

    def measured(self) -> int:
        """Bytes that the store took when it was last measured; 0 before that."""
        found = files.read_json(self.path / "daily.json")
        return int(found["bytes"] or 0) if isinstance(found, dict) else 0
