"""Items: found over 10,000 of a folder, and searched over 100,000, against plain reading and plain FTS5.

The 100,000 items are made by a source of generated entries and go into the index by the same code as any other; the
10,000 are files.
"""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import harness
from harness import Promise
from jupyter_cube.marketplace import item as items
from jupyter_cube.marketplace.catalog import Catalog
from jupyter_cube.marketplace.item import Published
from jupyter_cube.marketplace.reference import Reference
from jupyter_cube.marketplace.search import Index
from jupyter_cube.marketplace.sources.base import Entry, Source
from jupyter_cube.marketplace.sources.folder import FolderSource
from jupyter_cube.marketplace.trust import Trust

COUNT = 100_000
FILES = 10_000
STEMS = ["data", "image", "vision", "train", "text", "audio", "graph", "token", "model", "sample", "batch", "word"]
STEMS += ["digit", "speech", "video"]
ENDS = ["", "set", "er", "ing", "ed", "s", "net", "base", "lab", "box"]
WORDS = [stem + end for stem in STEMS for end in ENDS]
TAGS = [f"tag{number}" for number in range(50)]
KINDS = ("dataset", "prerequisite", "job", "notebook", "storage")
TEXT = """\
kind: dataset
name: {name}
version: 1.0.0
summary: handwritten digits
tags: [vision, digits]
plugin: cmd
plugin_params:
  callbacks:
  - event: taskStarts
    commands: ["mkdir -p {{{{ dataPath }}}}"]
template_variables:
- name: dataPath
"""


class Generated(Source):
    """A source of entries that lie nowhere."""

    def __init__(self) -> None:
        super().__init__("generated", "generated")
        chance = random.Random(1)

        def some(count: int) -> str:
            return " ".join(chance.choices(WORDS, k=count))

        self._entries = {}
        for number in range(COUNT):
            name = f"{chance.choice(WORDS)}-{chance.choice(WORDS)}-{number}"
            texts = (chance.choice(KINDS), some(3), f"dataset of {some(8)}", f"the {some(30)}", some(1))
            tags = tuple(chance.sample(TAGS, 2))
            self._entries[name] = Entry(self.name, name, "1.0.0", *texts, tags=tags)

    def names(self) -> Iterable[str]:
        return self._entries

    def versions(self, name: str) -> list[str]:
        return ["1.0.0"] if name in self._entries else []

    def load(self, name: str, version: str) -> Published:
        raise AssertionError(f"only entries are read, not {name}@{version}")

    def stamp(self) -> str:
        return "1"

    def name_stamp(self, name: str) -> str:  # noqa: ARG002 (nothing ever changes)
        return "1"

    def entries(self, names: Iterable[str]) -> Iterator[Entry]:
        return (self._entries[name] for name in names)


def measure(rounds: int) -> list[Promise]:
    folder = Path(os.environ["CUBE_STORE"]).parent
    return [*_finding(folder), *_searching(folder, rounds)]


def _finding(folder: Path) -> list[Promise]:
    """Each name once, as in a process that has just begun: nothing of it is known."""
    root = folder / "items"
    names = [f"item-{number}" for number in range(FILES)]
    for name in names:
        (root / name / "1.0.0").mkdir(parents=True)
        (root / name / "1.0.0" / "item.yaml").write_text(TEXT.format(name=name))
    catalog = Catalog([FolderSource("team", root)], Trust(folder / "trust.json"))
    ours, floor = [], []
    for first, second in zip(names[::2], names[1::2], strict=True):
        ours.append(_timed(lambda name=first: catalog.find(Reference(name))))  # type: ignore[misc]
        path = root / second / "1.0.0" / "item.yaml"
        floor.append(_timed(lambda path=path: items.parse(path.read_bytes(), file=str(path))))  # type: ignore[misc]
    print(f"find {harness.spread(ours)} ms, reading and parsing alone {harness.spread(floor)} ms")
    peer = ("read + parse", harness.median(floor))
    return [Promise("an item of 10,000 is found, first time", harness.median(ours), 1.5, "ms", *peer)]


def _searching(folder: Path, rounds: int) -> list[Promise]:
    source = Generated()
    index = Index([source], folder / "index.sqlite")
    building = _timed(lambda: index.search(limit=1)) / 1000
    print(f"index of {COUNT:,} items made in {building:.1f} s, {index.path.stat().st_size / 1e6:.0f} MB")
    plain = sqlite3.connect(index.path)
    chance = random.Random(2)
    searches, floors, prefixes = [], [], []
    for number in range(rounds):
        word = chance.choice(WORDS)
        query = (word, f"{word} {chance.choice(WORDS)}", word[:2], "dataset", word[0])[number % 5]
        kind = chance.choice(("", *KINDS))
        searches.append(_timed(lambda query=query, kind=kind: index.search(query, kind=kind)))  # type: ignore[misc]
        typed = " AND ".join(f'"{part}" *' for part in query.split())
        floors.append(_timed(lambda typed=typed: _floor(plain, typed)))  # type: ignore[misc]
        prefixes.append(_timed(lambda text=word[: 1 + number % 5]: index.prefix(text)))  # type: ignore[misc]
    print(f"search {harness.spread(searches)} ms, FTS5 alone {harness.spread(floors)} ms")
    print(f"prefix {harness.spread(prefixes)} ms\n")
    return [
        Promise("ranked search over 100,000 items, p99", harness.percentile(searches, 0.99), goal=50),
        Promise("names that begin so, p99", harness.percentile(prefixes, 0.99), goal=5),
        Promise(
            "ranked search, p99",
            harness.percentile(searches, 0.99),
            goal=1,
            peer="plain FTS5 query",
            theirs=harness.percentile(floors, 0.99),
        ),
    ]


def _floor(database: sqlite3.Connection, typed: str) -> list[object]:
    query = "select rowid from words where words match ? order by rank limit 50"
    return database.execute(query, (typed,)).fetchall()


def _timed(action: Callable[[], object]) -> float:
    """Milliseconds of one call."""
    start = time.perf_counter()
    action()
    return (time.perf_counter() - start) * 1000


if __name__ == "__main__":
    harness.main(measure, rounds=500)
