"""Items on web servers: what is fetched, what is refused, and what is used when the server is gone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from item_folder import lay
from item_server import Handler, Server, answers, files_of
from web import send

from jupyter_cube.errors import BackendError, NotFoundError, StoreError, UsageError
from jupyter_cube.marketplace import digest
from jupyter_cube.marketplace.catalog import Catalog
from jupyter_cube.marketplace.reference import Reference
from jupyter_cube.marketplace.search import Index
from jupyter_cube.marketplace.sources.http import HttpSource
from jupyter_cube.marketplace.sources.serving import write_index
from jupyter_cube.marketplace.trust import Trust


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "served"
    lay(root, "mnist", "1.0.0", tags="[vision]", author="Alice", type="data")
    folder = lay(root, "mnist", "1.1.0", tags="[vision]", author="Alice", type="data", id="m-1")
    (folder / "src").mkdir()
    (folder / "src" / "run it.sh").write_text("true\n")
    (folder / "src" / "run it.sh").chmod(0o755)
    (folder / "empty").write_text("")
    lay(root, "fashion")
    write_index(root)
    return root


def change_index(root: Path, change: Callable[[dict[str, Any]], object]) -> None:
    index = json.loads((root / "index.json").read_text())
    [record] = [one for one in index["items"] if one["name"] == "fashion"]
    change(record)
    (root / "index.json").write_text(json.dumps(index))


def test_the_index_is_written_from_the_shell(root: Path) -> None:
    (root / "index.json").unlink()
    command = [sys.executable, "-m", "jupyter_cube.marketplace.sources.serving"]
    done = subprocess.run([*command, str(root)], capture_output=True, text=True, check=True)
    assert done.stdout == f"{root}/index.json: 3 items\n"
    assert len(json.loads((root / "index.json").read_text())["items"]) == 3
    for words in ([], ["--help"], [str(root / "none")]):
        wrong = subprocess.run([*command, *words], capture_output=True, text=True, check=False)
        assert wrong.returncode == 2
        assert wrong.stderr.count("\n") == 1


def test_any_web_server_is_a_marketplace(root: Path, serve: Callable[[Handler], Server], tmp_path: Path) -> None:
    log: list[str] = []
    source = HttpSource("web", serve(files_of(tmp_path, log)).url + "/served/")
    assert list(source.names()) == ["fashion", "mnist"]
    assert sorted(source.versions("mnist")) == ["1.0.0", "1.1.0"]
    assert source.versions("none") == []
    assert log == ["/served/index.json"]
    found = source.load("mnist", "1.1.0")
    assert found.digest == digest.digest(root / "mnist" / "1.1.0")
    assert (found.folder / "src" / "run it.sh").stat().st_mode & 0o777 == 0o555
    assert found.publisher == source.uri
    assert not found.trusted
    asked = len(log)
    again = HttpSource("web", source.uri)
    assert again.load("mnist", "1.1.0") == found
    assert len(log) == asked
    state = again.state()
    assert (state.items, state.problem) == (2, "")


def test_lists_come_from_the_index_alone(root: Path, serve: Callable[[Handler], Server], tmp_path: Path) -> None:
    log: list[str] = []
    index = Index([HttpSource("web", serve(files_of(root, log)).url)], tmp_path / "index.sqlite")
    [entry] = index.search("mni", tags=["vision"], kind="dataset").entries
    assert (entry.name, entry.version, entry.author, entry.id) == ("mnist", "1.1.0", "Alice", "m-1")
    assert log == ["/index.json"]


def test_an_index_that_has_not_changed_is_not_sent_again(root: Path, serve: Callable[[Handler], Server]) -> None:
    log: list[str] = []
    source = HttpSource("web", serve(files_of(root, log)).url)
    source.names()
    stamps = [source.stamp(), source.name_stamp("mnist"), source.name_stamp("fashion")]
    assert not source.refresh()
    assert log == ["/index.json", "/index.json", "304"]
    assert not source.refresh(older=60)
    lay(root, "mnist", "2.0.0")
    write_index(root)
    assert source.refresh()
    assert "2.0.0" in source.versions("mnist")
    assert source.stamp() != stamps[0]
    assert (source.name_stamp("mnist") != stamps[1], source.name_stamp("fashion")) == (True, stamps[2])


def test_offline_what_was_fetched_is_used(root: Path, tmp_path: Path) -> None:
    server = Server(files_of(root, []))
    source = HttpSource("web", server.url)
    try:
        source.load("mnist", "1.1.0")
    finally:
        server.stop()
    source = HttpSource("web", server.url)
    assert source.load("mnist", "1.1.0").item.label == "mnist@1.1.0"
    with pytest.raises(BackendError, match=r"mnist@1\.0\.0 of 'web' cannot be fetched"):
        source.load("mnist", "1.0.0")
    with pytest.raises(BackendError, match="'web' cannot be fetched"):
        source.refresh()
    state = HttpSource("web", server.url).state()
    assert state.as_of > 0
    assert state.problem
    catalog = Catalog([source], Trust(tmp_path / "trust.json"))
    assert catalog.find(Reference("mnist")).item.version == "1.1.0"
    with pytest.raises(BackendError, match="cannot be fetched"):
        HttpSource("other", f"{server.url}/other").names()


def test_a_name_that_is_new_there_is_found(
    root: Path, serve: Callable[[Handler], Server], tmp_path: Path, own_places: Path
) -> None:
    source = HttpSource("web", serve(files_of(root, [])).url)
    catalog = Catalog([source], Trust(tmp_path / "trust.json"))
    with pytest.raises(NotFoundError, match="did you mean 'mnist'"):
        catalog.find(Reference("mnits"))
    lay(root, "mnits")
    write_index(root)
    [record] = own_places.rglob("http/*/state.json")
    record.write_text(json.dumps({**json.loads(record.read_text()), "fetched": 1.0}))  # long ago
    assert catalog.find(Reference("mnits")).item.name == "mnits"


@pytest.mark.parametrize(
    ("file", "content"),
    [("item.yaml", "name: fashion\nsummary: other thing\n"), ("item.yaml", ""), ("item.yaml", "x" * 100_000)],
)
def test_files_that_are_not_what_the_index_says(
    root: Path, serve: Callable[[Handler], Server], file: str, content: str, own_places: Path
) -> None:
    (root / "fashion" / "1.0.0" / file).write_text(content)
    source = HttpSource("web", serve(files_of(root, [])).url)
    with pytest.raises(BackendError, match=r"fashion@1\.0\.0 of 'web' cannot be fetched"):
        source.load("fashion", "1.0.0")
    assert not list(own_places.rglob("item.yaml"))
    assert source.load("mnist", "1.0.0").item.name == "mnist"


def test_what_was_fetched_and_then_changed_is_not_used(root: Path, serve: Callable[[Handler], Server]) -> None:
    source = HttpSource("web", serve(files_of(root, [])).url)
    found = source.load("fashion", "1.0.0")
    (found.folder / "more").write_text("x")
    with pytest.raises(StoreError, match="was changed"):
        source.load("fashion", "1.0.0")


def _file(**values: Any) -> Callable[[dict[str, Any]], object]:
    return lambda record: record["files"][0].update(values)


@pytest.mark.parametrize(
    "change",
    [
        _file(path="../../../escaped"),
        _file(path="/escaped"),
        _file(path="a/../../escaped"),
        _file(path="a\x1b[2J"),
        _file(path="é" * 200),
        _file(path="/".join(["d" * 200] * 20)),
        _file(size=1 << 50),
        _file(size=-1),
        _file(size="1"),
        _file(size=True),
        _file(sha256="0" * 64),
        _file(sha256="../x"),
        _file(executable=True),
        lambda record: record["files"].append({**record["files"][0]}),
        lambda record: record["files"].append({**record["files"][0], "path": "item.yaml/below"}),
        lambda record: record.update(files=[]),
        lambda record: record.update(files=None),
        lambda record: record.update(digest="sha256:../../x"),
        lambda record: record.update(name="../up"),
        lambda record: record.update(version="../up"),
        lambda record: record.update(version=[1]),
        lambda record: record.update(tags="vision"),
        lambda record: record.update(title=3),
        lambda record: record.clear(),
    ],
)
def test_a_record_that_cannot_be_right_is_left_out_and_named(
    root: Path, serve: Callable[[Handler], Server], change: Callable[[dict[str, Any]], object], own_places: Path
) -> None:
    change_index(root, change)
    source = HttpSource("web", serve(files_of(root, [])).url)
    assert list(source.names()) == ["mnist"]
    assert "1 of its items cannot be used: items[" in source.state().detail
    assert source.state().detail.isprintable()
    assert source.load("mnist", "1.0.0").item.name == "mnist"
    assert not list(own_places.parent.rglob("escaped*"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b'{"version": 2, "items": []}',
        b'{"version": 1}',
        b"[" * 100_000,
        b'{"items": ' + b"9" * 5000,
        b'{"version": 1, "items": [' + b"{}," * 3_000_000 + b"{}]}",
    ],
    ids=lambda body: repr(body)[:40],
)
def test_what_is_no_index_is_said(serve: Callable[[Handler], Server], body: bytes) -> None:
    source = HttpSource("web", serve(answers(lambda handler: send(handler, body))).url)
    with pytest.raises(BackendError, match=r"the index (is|has)"):
        source.names()


def test_an_index_without_end_is_refused_while_it_comes(serve: Callable[[Handler], Server]) -> None:
    sent = [0]

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            while sent[0] < 2 << 30:
                handler.wfile.write(b" " * (1 << 20))
                sent[0] += 1 << 20
        except OSError:
            pass

    source = HttpSource("web", serve(answers(endless)).url)
    with pytest.raises(BackendError, match="'web' cannot be fetched"):
        source.names()
    assert sent[0] < 200 << 20


def test_an_index_that_says_it_is_large_is_not_read(serve: Callable[[Handler], Server]) -> None:
    def large(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(1 << 30))
        handler.end_headers()

    with pytest.raises(BackendError, match="'web' cannot be fetched"):
        HttpSource("web", serve(answers(large)).url).names()


def test_no_redirect_leaves_the_named_host(root: Path, serve: Callable[[Handler], Server]) -> None:
    log: list[str] = []
    other = serve(files_of(root, log))

    def away(handler: BaseHTTPRequestHandler) -> None:
        target = other.url.replace("127.0.0.1", "localhost") if "local" in handler.path else other.url
        send(handler, b"", status=302, Location=target + "/index.json")

    server = serve(answers(away))
    for path in ("/a", "/local"):
        with pytest.raises(BackendError, match="'web' cannot be fetched"):
            HttpSource("web", server.url + path).names()
    assert log == []


def test_item_files_do_not_come_from_elsewhere(root: Path, serve: Callable[[Handler], Server]) -> None:
    log: list[str] = []
    other = serve(files_of(root, log))

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.path == "/index.json":
            send(handler, (root / "index.json").read_bytes())
        else:
            send(handler, b"", status=307, Location=other.url + handler.path)

    source = HttpSource("web", serve(answers(answer)).url)
    with pytest.raises(BackendError, match="cannot be fetched"):
        source.load("fashion", "1.0.0")
    assert log == []


@pytest.mark.parametrize("status", [404, 500, 206, 304])
def test_other_answers_are_said(serve: Callable[[Handler], Server], status: int) -> None:
    server = serve(answers(lambda handler: send(handler, b"", status=status)))
    with pytest.raises(BackendError, match="'web' cannot be fetched"):
        HttpSource("web", server.url).names()


def test_texts_of_an_index_are_data(root: Path, serve: Callable[[Handler], Server], tmp_path: Path) -> None:
    hostile = "\x1b[2J<script>\u202e\n next"
    change_index(
        root,
        lambda record: record.update(
            **dict.fromkeys(("title", "summary", "author", "kind", "id"), hostile), tags=[hostile], categories=[hostile]
        ),
    )
    index = Index([HttpSource("web", serve(files_of(root, [])).url)], tmp_path / "index.sqlite")
    [entry] = index.search("fashion").entries
    shown = {entry.title, entry.summary, entry.author, *entry.tags, *entry.categories}
    assert shown == {"<script> next"}
    assert (entry.kind, entry.id.isprintable()) == ("prerequisite", True)


@pytest.mark.parametrize(
    "uri", ["http://", "https://user:secret@host/x", "http://host/x?token=1", "http://host/x#y", "http://host/\x1b"]
)
def test_addresses_that_are_refused(uri: str) -> None:
    with pytest.raises(UsageError, match="is no address of items"):
        HttpSource("web", uri)


def test_an_index_leaves_out_what_is_broken_and_says_so(root: Path) -> None:
    lay(root, "broken", "1.0.0", nmae="x")
    linked = lay(root, "linked")
    (linked / "passwd").symlink_to("/etc/passwd")
    served = write_index(root)
    assert (served.items, len(served.problems)) == (3, 2)
    text = (root / "index.json").read_text()
    assert "broken" not in text
    assert "linked" not in text
    assert (root / "index.json").stat().st_mode & 0o777 == 0o644
