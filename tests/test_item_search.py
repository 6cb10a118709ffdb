"""Searching items: ranked, incremental, and unharmed by what is typed or published."""

from __future__ import annotations

import multiprocessing
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from item_folder import lay

from jupyter_cube.errors import NotFoundError
from jupyter_cube.marketplace.catalog import Catalog
from jupyter_cube.marketplace.indexing import SMALL
from jupyter_cube.marketplace.places import locked
from jupyter_cube.marketplace.publish import publish
from jupyter_cube.marketplace.reference import parse
from jupyter_cube.marketplace.search import Found, Index
from jupyter_cube.marketplace.sources.base import Entry
from jupyter_cube.marketplace.sources.folder import FolderSource
from jupyter_cube.marketplace.trust import Trust


class Watched(FolderSource):
    """A folder that remembers which names were read."""

    def __init__(self, name: str, root: Path) -> None:
        super().__init__(name, root)
        self.read: list[str] = []

    def entries(self, names: Iterable[str]) -> Iterator[Entry]:
        names = list(names)
        self.read += names
        return super().entries(names)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "team"
    lay(root, "mnist", "1.0.0", tags="[vision, digits]", summary="handwritten digits", author="Alice", id="'42'")
    lay(root, "mnist", "1.1.0", tags="[vision, digits]", summary="handwritten digits", author="Alice", id="'42'")
    lay(root, "fashion-mnist", tags="[vision]", summary="clothes like MNIST", author="Bob", type="data")
    lay(root, "install_wget", summary="a program that downloads", categories="[tools]")
    lay(root, "words", summary="text", description="mentions mnist only at its end", tags="[text]")
    lay(root, "ocr", title="Digits", summary="手写数字 images", type="data")
    return root


@pytest.fixture
def source(root: Path) -> Watched:
    return Watched("team", root)


@pytest.fixture
def index(source: Watched, tmp_path: Path) -> Index:
    return Index([source], tmp_path / "index.sqlite")


def names(found: Found) -> list[str]:
    return [entry.name for entry in found.entries]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("mnist", ["mnist", "fashion-mnist", "words"]),
        ("MNI", ["mnist", "fashion-mnist", "words"]),
        ("digits", ["mnist", "ocr"]),
        ("install_w", ["install_wget"]),
        ("wget", ["install_wget"]),
        ("hand dig", ["mnist"]),
        ("mnist clothes", ["fashion-mnist"]),
        ("数", ["ocr"]),
        ("数字", ["ocr"]),
        ("tools", ["install_wget"]),
        ("nothing of it", []),
    ],
)
def test_what_begins_as_typed_is_first_then_the_best(index: Index, query: str, expected: list[str]) -> None:
    found = index.search(query)
    assert names(found) == expected
    assert found.total == len(expected)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, ["fashion-mnist", "install_wget", "mnist", "ocr", "words"]),
        ({"kind": "dataset"}, ["fashion-mnist", "ocr"]),
        ({"tags": ["vision"]}, ["fashion-mnist", "mnist"]),
        ({"tags": ["Vision", "digits"]}, ["mnist"]),
        ({"tags": ["visio"]}, []),
        ({"category": "tools"}, ["install_wget"]),
        ({"author": "alice"}, ["mnist"]),
        ({"source": "team", "kind": "prerequisite"}, ["install_wget", "mnist", "words"]),
        ({"source": "other"}, []),
        ({"query": "mnist", "tags": ["vision"]}, ["mnist", "fashion-mnist"]),
        ({"query": "mnist", "kind": "dataset"}, ["fashion-mnist"]),
        ({"query": "vision", "kind": "vision"}, []),
    ],
)
def test_properties_are_asked_for_all_together(index: Index, filters: dict, expected: list[str]) -> None:  # type: ignore[type-arg]
    found = index.search(**filters)
    assert names(found) == expected
    assert found.total == len(expected)


def test_a_name_weighs_more_than_a_title_and_so_on(tmp_path: Path) -> None:
    rest = {"title": "of it", "tags": "[of, it]", "summary": "of it", "description": "of it"}
    for name, value in (("description", "of owl"), ("summary", "of owl"), ("tags", "[of, owl]"), ("title", "of owl")):
        lay(tmp_path / "team", f"in-{name}", "1.0.0", **{**rest, name: value})
    lay(tmp_path / "team", "in-owl", "1.0.0", **rest)
    index = Index([FolderSource("team", tmp_path / "team")], tmp_path / "index.sqlite")
    assert names(index.search("owl")) == ["in-owl", "in-title", "in-tags", "in-summary", "in-description"]


def test_pages_of_a_search_are_the_whole_search(index: Index) -> None:
    for query in ("", "mnist", "i"):
        whole = index.search(query)
        pages = [index.search(query, limit=1, offset=number) for number in range(whole.total)]
        assert [names(page)[0] for page in pages] == names(whole)
        assert {page.total for page in pages} == {whole.total}
        assert names(index.search(query, offset=whole.total)) == []


def test_an_entry_is_the_newest_version(index: Index) -> None:
    [entry] = index.search(author="alice").entries
    assert (entry.source, entry.name, entry.version, entry.kind) == ("team", "mnist", "1.1.0", "prerequisite")
    assert (entry.tags, entry.id, entry.summary) == (("vision", "digits"), "42", "handwritten digits")


@pytest.mark.parametrize(
    "query",
    [
        *('"', "'", '"mnist', "mnist*", "*", "NEAR(a b)", "a NEAR b", "NOT", "name:mnist", "mnist OR", "(", "^mnist"),
        *("-mnist", "{name} : a", "mnist AND", "\\", "%", "_", "\0", "é", "a" * 5000, " ".join("abcdefghijklmnopq")),
        "; drop table items",
    ],
)
def test_any_text_is_a_query(index: Index, query: str) -> None:
    index.search(query)
    index.search(query, kind=query, tags=[query], category=query, author=query, source=query)
    index.prefix(query)
    assert "mnist" in names(index.search("mnist"))


def test_completion(index: Index) -> None:
    assert index.prefix("") == ["fashion-mnist", "install_wget", "mnist", "ocr", "words"]
    assert index.prefix("M") == ["mnist"]
    assert index.prefix("x") == []
    assert index.prefix("", limit=2) == ["fashion-mnist", "install_wget"]


def test_only_what_changed_is_read_again(index: Index, source: Watched, root: Path) -> None:
    index.search()
    source.read.clear()
    assert names(index.search("mnist"))
    assert source.read == []
    lay(root, "new", summary="just come")
    lay(root, "words", "2.0.0", summary="other words")
    shutil.rmtree(root / "ocr")
    (root / "mnist" / "1.1.0" / "item.yaml").write_text("name: mnist\nsummary: edited by hand\n")
    assert names(index.search()) == ["fashion-mnist", "install_wget", "mnist", "new", "words"]
    assert sorted(source.read) == ["mnist", "new", "words"]
    assert names(index.search("edited")) == ["mnist"]
    assert index.search("words").entries[0].version == "2.0.0"
    assert names(index.search("handwritten")) == []


def test_in_a_large_source_new_names_and_ones_own_versions_are_seen_at_once(tmp_path: Path) -> None:
    root = tmp_path / "large"
    for number in range(SMALL + 5):
        lay(root, f"item-{number}")
    where = Catalog([Watched("large", root)], Trust(tmp_path / "trust.json"))
    index = Index(where.sources)
    assert index.search().total == SMALL + 5
    source = where.sources[0]
    assert isinstance(source, Watched)
    source.read.clear()
    lay(root, "another")
    assert index.prefix("ano") == ["another"]
    assert source.read == ["another"]
    draft = tmp_path / "draft.yaml"
    draft.write_text("name: item-7\nsummary: changed\n")
    publish(draft, to="large", where=where)
    assert [(one.name, one.version) for one in index.search("changed").entries] == [("item-7", "1.0.1")]
    assert source.read == ["another", "item-7"]


def test_a_broken_item_is_named_and_spoils_nothing(index: Index, root: Path) -> None:
    lay(root, "broken", "1.0.0", plugin_params="3")
    (root / "empty" / "1.0.0").mkdir(parents=True)
    (root / "no-version").mkdir()
    (root / "file").write_text("x")
    (root / "linked").symlink_to("/etc")
    bomb = root / "bomb" / "1.0.0"
    bomb.mkdir(parents=True)
    lines = ["name: bomb", "origin:", "  l0: &l0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"  l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 12)]
    (bomb / "item.yaml").write_text("\n".join(lines))
    found = {entry.name: entry.problem for entry in index.search().entries}
    assert "plugin_params" in found["broken"]
    assert "no item.yaml" in found["empty"]
    assert "more than" in found["bomb"]
    assert found["mnist"] == ""
    assert set(found) & {"no-version", "file", "linked"} == set()
    assert names(index.search("brok")) == ["broken"]


def test_a_source_that_cannot_be_read_is_named_and_keeps_its_entries(index: Index, root: Path) -> None:
    index.search()
    root.rename(root.with_name("gone"))
    found = index.search("mnist")
    assert names(found) == ["mnist", "fashion-mnist", "words"]
    assert "'team' cannot be read" in found.problems[0]


def test_sources_that_are_gone_from_the_configuration_are_gone(index: Index, tmp_path: Path) -> None:
    index.search()
    lay(tmp_path / "other", "mnist")
    other = FolderSource("other", tmp_path / "other")
    assert [(one.source, one.name) for one in Index([other], index.path).search().entries] == [("other", "mnist")]
    moved = FolderSource("other", tmp_path / "team")
    assert Index([moved], index.path).search().total == 5


@pytest.mark.parametrize("content", [b"", b"no database at all" * 1000, None])
def test_a_damaged_index_is_made_anew(index: Index, content: bytes | None) -> None:
    index.search()
    data = index.path.read_bytes()
    index.path.write_bytes(data[:4096] + b"\xff" * (len(data) - 4096) if content is None else content)
    assert names(index.search("mnist")) == ["mnist", "fashion-mnist", "words"]
    assert index.prefix("mn") == ["mnist"]


def test_texts_of_items_are_data(index: Index, root: Path) -> None:
    hostile = r'"\e[2J\e]0;x\a<script>alert(1)</script>\u202e\r\nnext\0"'
    fields = dict.fromkeys(("title", "summary", "description", "author"), hostile)
    lay(root, "hostile", "1.0.0", tags=f"[{hostile}]", categories=f"[{hostile}]", **fields)
    [entry] = index.search("hostile").entries
    shown = (entry.title, entry.summary, entry.author, *entry.tags, *entry.categories)
    assert set(shown) == {"<script>alert(1)</script> next"}
    lay(root, "worse", "1.0.0", nmae='"\\e[2J"', **{'"\\e[31m"': "1"})
    [entry] = index.search("worse").entries
    assert entry.problem.isprintable()


def test_an_item_is_found_by_its_id(source: Watched, tmp_path: Path) -> None:
    catalog = Catalog([source], Trust(tmp_path / "trust.json"))
    assert catalog.find(parse("marketplace://itemId/42")).item.label == "mnist@1.1.0"
    assert catalog.find(parse("marketplace://itemId/42@1.0.0")).item.label == "mnist@1.0.0"
    with pytest.raises(NotFoundError, match="no item has the id '43'"):
        catalog.find(parse("marketplace://itemId/43"))


def test_while_another_process_brings_it_up_to_date_the_old_index_is_used(
    index: Index, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.search()
    lay(root, "newest")
    monkeypatch.setattr("jupyter_cube.marketplace.indexing.PATIENCE", 0.05)
    with locked(index.path.with_suffix(".lock")):
        assert names(index.search("new")) == []
        assert names(index.search("ocr")) == ["ocr"]
    assert names(index.search("new")) == ["newest"]


def _search(root: Path, path: Path, barrier, results) -> None:  # type: ignore[no-untyped-def]
    index = Index([FolderSource("team", root)], path)
    barrier.wait()
    results.put([names(index.search("item", limit=100)) for _ in range(20)][-1])


def test_many_processes_make_and_update_one_index(tmp_path: Path) -> None:
    root = tmp_path / "many"
    for number in range(60):
        lay(root, f"item-{number:02}")
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(4), context.Queue()
    path = tmp_path / "index.sqlite"
    started = [context.Process(target=_search, args=(root, path, barrier, results)) for _ in range(4)]
    for one in started:
        one.start()
    answers = [results.get(timeout=60) for _ in started]
    for one in started:
        one.join()
        assert one.exitcode == 0
    assert answers == [[f"item-{number:02}" for number in range(60)]] * 4
