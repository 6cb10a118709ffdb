"""A cache of all jobs for lists: SQLite, rebuilt from the folders when missing, old or damaged."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_cube.errors import CubeError
from jupyter_cube.lifecycle.state import State
from jupyter_cube.store.folder import JobFolder
from jupyter_cube.store.store import Store

_VERSION = 3
_COLUMNS = "id, name, state, reason, backend, created, started, ended, tasks, tags, notebook, items, held"
_SCHEMA = f"""
create table if not exists jobs (id text primary key, name, state, reason, backend, created, started, ended,
                                 tasks, tags, notebook, items, held);
create index if not exists jobs_created on jobs (created);
pragma user_version = {_VERSION};
"""


_SETTLED = 100_000_000  # nanoseconds
_remembered: dict[Path, tuple[int, dict[str, Summary]]] = {}


@dataclass(frozen=True, slots=True)
class Summary:
    """One line of a list of jobs. Times are seconds since the epoch, 0 where not yet.

    ``items`` are those of the marketplace that it was made of, as ``SOURCE/NAME@VERSION``; ``held`` are the names of
    its tasks that are held for debugging.
    """

    id: str
    name: str
    state: State
    reason: str
    backend: str
    created: float
    started: float
    ended: float
    tasks: int
    tags: tuple[str, ...]
    notebook: str
    items: tuple[str, ...] = ()
    held: tuple[str, ...] = ()

    def record(self) -> dict[str, Any]:
        """As JSON values."""
        # not asdict, which copies each value and takes ten times as long
        return {**{name: getattr(self, name) for name in self.__slots__}, "state": self.state.value}


class Index:
    """The list of all jobs of a store, newest first."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.path = store.path / "index.sqlite"

    def summaries(self) -> list[Summary]:
        """All jobs as they are now. Jobs whose record is damaged are left out of the list, not the others.

        While no job comes, goes or is ordered again, which all change the time of the folder of all jobs, a process
        looks only at those that had not ended.
        """
        changed = _time_of(self.store.jobs_path)
        known = _remembered.get(self.path)
        if known is not None and known[0] == changed:
            fresh = {name: _try_summary(self.store, name) for name, one in known[1].items() if not one.state.final}
            known[1].update((name, one) for name, one in fresh.items() if one is not None)
            return _sorted([*known[1].values()])
        found = self._summaries()
        if 0 < changed < time.time_ns() - _SETTLED:  # what comes in the same tick would leave the same time
            _remembered[self.path] = (changed, {one.id: one for one in found})
        return found

    def _summaries(self) -> list[Summary]:
        ids = self.store.ids()
        if not ids:
            return []
        try:
            return self._read(ids)
        except sqlite3.DatabaseError:
            # Damaged, of another version or on a disk that cannot hold it: the folders are the truth.
            with contextlib.suppress(OSError):
                self.path.unlink()
            try:
                return self._read(ids)
            except sqlite3.DatabaseError:
                return _sorted([found for name in ids if (found := _try_summary(self.store, name)) is not None])

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        database = sqlite3.connect(self.path, timeout=5)
        try:
            version = database.execute("pragma user_version").fetchone()[0]
            if version not in (0, _VERSION):
                raise sqlite3.DatabaseError(f"index of version {version}")
            if version == 0:
                database.executescript(_SCHEMA)
            with database:
                yield database
        finally:
            database.close()

    def _read(self, ids: list[str]) -> list[Summary]:
        with self._open() as database:
            known = {row[0]: _from_row(row) for row in database.execute(f"select {_COLUMNS} from jobs")}
            present = set(ids)
            gone = known.keys() - present
            stale = [name for name in ids if name not in known or self._changed(known[name])]
            fresh = [found for name in stale if (found := _try_summary(self.store, name)) is not None]
            changed = [found for found in fresh if known.get(found.id) != found]
            database.executemany("delete from jobs where id = ?", [(name,) for name in gone])
            database.executemany(
                f"insert or replace into jobs ({_COLUMNS}) values (?,?,?,?,?,?,?,?,?,?,?,?,?)", map(_to_row, changed)
            )
        known.update((found.id, found) for found in fresh)
        return _sorted([known[name] for name in ids if name in known])

    def _changed(self, one: Summary) -> bool:
        """It was alive when it was indexed, or somebody has ordered another attempt since."""
        if not one.state.final:
            return True
        try:
            return (self.store.jobs_path / one.id / "orders").stat().st_mtime > one.ended
        except FileNotFoundError:
            return True


def _time_of(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0


def _sorted(found: list[Summary]) -> list[Summary]:
    return sorted(found, key=lambda one: one.created, reverse=True)


def _try_summary(store: Store, name: str) -> Summary | None:
    try:
        return summary(store.folder(name))
    except (CubeError, OSError, ValueError, KeyError, TypeError):
        return None  # damaged or just deleted: `describe` says what is wrong with it


def summary(folder: JobFolder) -> Summary:
    """What a list shows of one job.

    Raises:
        StoreError: its record is damaged.
    """
    record, state = folder.record, folder.state()
    return Summary(
        folder.id,
        str(record["name"]),
        state.state,
        state.reason,
        str(record["backend"]),
        float(record["created"]),
        state.started,
        state.ended,
        len(state.tasks),
        tuple(record.get("tags", ())),
        str(record.get("notebook", "")),
        _items(record["plan"]),
        () if state.state.final else tuple(task.name for task in state.tasks if task.held_since),
    )


def _items(plan: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(f"{one['source']}/{one['name']}@{one['version']}" for one in plan.get("items", ()))


def _to_row(one: Summary) -> tuple[Any, ...]:
    return (
        *(one.id, one.name, one.state.value, one.reason, one.backend, one.created, one.started, one.ended, one.tasks),
        *(json.dumps(one.tags), one.notebook, json.dumps(one.items), json.dumps(one.held)),
    )


def _from_row(row: tuple[Any, ...]) -> Summary:
    name, title, state, *numbers, tags, notebook, items, held = row
    reason, backend, created, started, ended, tasks = numbers
    return Summary(
        *(name, title, State(state), reason, backend, created, started, ended, tasks),
        tuple(json.loads(tags)),
        notebook,
        tuple(json.loads(items)),
        tuple(json.loads(held)),
    )


def folder_size(path: Path) -> int:
    """Bytes that a folder takes on the disk, holes not counted."""
    return sum(file.lstat().st_blocks * 512 for file in path.rglob("*") if not file.is_dir())
