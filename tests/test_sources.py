"""Digests of items, and sources that are folders."""

from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path

import pytest
from item_folder import lay

from jupyter_cube.errors import BackendError, CubeError, NotFoundError, UsageError
from jupyter_cube.marketplace import digest, sums
from jupyter_cube.marketplace.catalog import Catalog
from jupyter_cube.marketplace.reference import Reference
from jupyter_cube.marketplace.sources import reading, registry
from jupyter_cube.marketplace.sources.folder import FolderSource
from jupyter_cube.marketplace.trust import Trust


def test_the_digest_is_what_the_formats_page_says(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "run.sh").write_text("true\n")
    (tmp_path / "b" / "run.sh").chmod(0o755)
    (tmp_path / "item.yaml").write_text("name: a\n")
    sums = [hashlib.sha256(data).hexdigest() for data in (b"true\n", b"name: a\n")]
    lines = f"{sums[0]} x b/run.sh\n{sums[1]} - item.yaml\n"
    assert digest.digest(tmp_path) == f"sha256:{hashlib.sha256(lines.encode()).hexdigest()}"


def test_the_digest_changes_with_content_place_and_executable_bit(tmp_path: Path) -> None:
    file = tmp_path / "a"
    seen = set()
    file.write_text("1")
    seen.add(digest.digest(tmp_path))
    file.chmod(0o755)
    seen.add(digest.digest(tmp_path))
    file.write_text("2")
    seen.add(digest.digest(tmp_path))
    file.rename(tmp_path / "b")
    seen.add(digest.digest(tmp_path))
    assert len(seen) == 4


def _link(folder: Path) -> None:
    (folder / "a").symlink_to("/etc/passwd")


def _folder_link(folder: Path) -> None:
    (folder / "a").symlink_to("/etc")


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "a")


def _socket(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(os.path.relpath(folder / "a"))


def _control(folder: Path) -> None:
    (folder / "a\x1b[31m").write_text("")


def _no_text(folder: Path) -> None:
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff")).write_text("")


@pytest.mark.parametrize("make", [_link, _folder_link, _pipe, _socket, _control, _no_text])
def test_links_and_special_files_are_refused(tmp_path: Path, make, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.chdir(tmp_path)
    make(tmp_path)
    with pytest.raises(UsageError) as caught:
        digest.digest(tmp_path)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("path", ["../a", "/a", "a/../b", "a//b", "./a", "", "a/", "a\0", "a\\b", "a\nb"])
def test_paths_that_leave_the_folder_are_no_paths(path: str) -> None:
    assert not digest.allowed(path)


def test_a_folder_has_names_versions_and_items(tmp_path: Path) -> None:
    lay(tmp_path, "mnist")
    folder = lay(tmp_path, "mnist", "1.1.0", author="Alice")
    (folder / "notes.txt").write_text("beside")
    (tmp_path / ".git").mkdir()
    (tmp_path / "README.md").write_text("no item")
    (tmp_path / "mnist" / "latest").mkdir()
    source = FolderSource("team", tmp_path)
    assert "mnist" in source.names()
    assert ".git" not in source.names()
    assert sorted(source.versions("mnist")) == ["1.0.0", "1.1.0"]
    found = source.load("mnist", "1.1.0")
    assert (found.item.author, found.source, found.folder) == ("Alice", "team", folder)
    assert found.digest == digest.digest(folder)
    assert f"uid {os.getuid()}" in found.publisher
    assert not found.trusted


def test_an_item_is_read_again_when_it_changes(tmp_path: Path) -> None:
    folder = lay(tmp_path, "a")
    source = FolderSource("team", tmp_path)
    first = source.load("a", "1.0.0")
    (folder / "more").write_text("x")
    second = source.load("a", "1.0.0")
    (folder / "item.yaml").write_text("name: a\nsummary: other\n")
    third = source.load("a", "1.0.0")
    assert len({first.digest, second.digest, third.digest}) == 3
    assert (third.item.summary, third.item.version) == ("other", "1.0.0")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("name: b\n", "calls itself 'b'"),
        ("name: a\nversion: 2.0.0\n", "says version 2.0.0"),
        ("name: a\nnmae: b\n", "unknown key 'nmae'"),
        ("name: 'a\n", "found unexpected end|while scanning|quot"),
        ("", "nothing in it"),
        ("name: a\n" + "x" * (1 << 20), "larger than 1 MB"),
    ],
)
def test_a_broken_item_says_where(tmp_path: Path, content: str, message: str) -> None:
    folder = tmp_path / "a" / "1.0.0"
    folder.mkdir(parents=True)
    (folder / "item.yaml").write_text(content)
    with pytest.raises(CubeError, match=message) as caught:
        FolderSource("team", tmp_path).load("a", "1.0.0")
    assert str(folder / "item.yaml") in str(caught.value)


def test_a_yaml_bomb_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "1.0.0"
    folder.mkdir(parents=True)
    lines = ["name: a", "origin:", "  l0: &l0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"  l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 12)]
    (folder / "item.yaml").write_text("\n".join(lines))
    with pytest.raises(CubeError, match="aliases written out"):
        FolderSource("team", tmp_path).load("a", "1.0.0")


def test_a_version_that_is_a_link_is_refused(tmp_path: Path) -> None:
    lay(tmp_path / "elsewhere", "a")
    (tmp_path / "team" / "a").mkdir(parents=True)
    (tmp_path / "team" / "a" / "1.0.0").symlink_to(tmp_path / "elsewhere" / "a" / "1.0.0")
    with pytest.raises(UsageError, match="is a symbolic link"):
        FolderSource("team", tmp_path / "team").load("a", "1.0.0")


def test_a_version_folder_without_an_item_is_named(tmp_path: Path) -> None:
    (tmp_path / "a" / "1.0.0").mkdir(parents=True)
    with pytest.raises(NotFoundError, match=r"1\.0\.0: there is no item\.yaml"):
        FolderSource("team", tmp_path).load("a", "1.0.0")


def test_a_folder_that_is_gone_is_not_an_empty_one(tmp_path: Path) -> None:
    source = FolderSource("team", tmp_path / "gone")
    with pytest.raises(BackendError, match="'team' cannot be read"):
        source.names()
    with pytest.raises(BackendError, match="'team' cannot be read"):
        source.versions("a")
    assert "no such file" in source.state().problem


def test_the_order_of_sources(tmp_path: Path, own_places: Path) -> None:
    assert [one.name for one in registry.sources()] == ["mine", "builtin"]
    for uri in ("relative", "ftp://host/items", "ext::sh -c true", ""):
        with pytest.raises(UsageError, match="is no source of items"):
            registry.make("team", uri)


def test_a_large_file_is_read_once_and_again_when_it_changes(tmp_path: Path, own_places: Path) -> None:
    folder = lay(tmp_path, "a")
    data = folder / "data"
    data.write_bytes(b"1" * (2 << 20))
    os.utime(data, (1, 1))

    def found() -> str:
        reading._known.clear()  # as in another process
        return FolderSource("team", tmp_path).load("a", "1.0.0").digest

    first = found()
    assert first == digest.digest(folder)
    data.write_bytes(b"2" * (2 << 20))
    os.utime(data, (1, 1))  # what somebody would do who wants to hide it
    assert found() == digest.digest(folder) != first


def test_a_sum_is_only_kept_of_a_file_that_has_settled(tmp_path: Path, own_places: Path) -> None:
    file = tmp_path / "data"
    file.write_bytes(b"1" * (2 << 20))
    calls = []

    def compute() -> str:
        calls.append(1)
        return "sum"

    fresh = file.stat()
    assert [sums.sha256(str(file), fresh, compute) for _ in range(2)] == ["sum", "sum"]
    assert len(calls) == 2
    old = os.stat_result(
        (*tuple(fresh)[:9], fresh.st_ctime - 60),
        {
            "st_ctime_ns": fresh.st_ctime_ns - 60 * 10**9,
            "st_mtime_ns": fresh.st_mtime_ns,
            "st_ctime": fresh.st_ctime - 60,
        },
    )
    assert [sums.sha256(str(file), old, compute) for _ in range(2)] == ["sum", "sum"]
    assert len(calls) == 3
    [record] = own_places.rglob("sums/*")
    record.write_text("{")
    assert sums.sha256(str(file), old, compute) == "sum"
    assert len(calls) == 4


def test_an_item_with_faults_without_end_is_told_in_a_few_lines(tmp_path: Path) -> None:
    folder = lay(tmp_path, "wild")
    (folder / "item.yaml").write_text("name: wild\n" + "".join(f"k{number}: 1\n" for number in range(5000)))
    source = FolderSource("team", tmp_path)
    with pytest.raises(CubeError) as caught:
        source.load("wild", "1.0.0")
    assert len(str(caught.value).splitlines()) == 21
    assert "there are 4,980 more faults" in str(caught.value)
    (entry,) = source.entries(["wild"])
    assert len(entry.problem) == 1000


def test_a_link_to_somebody_elses_folder_is_no_item(tmp_path: Path) -> None:
    lay(tmp_path / "elsewhere", "draft")
    (tmp_path / "team").mkdir()
    (tmp_path / "team" / "draft").symlink_to(tmp_path / "elsewhere" / "draft")
    source = FolderSource("team", tmp_path / "team")
    assert (list(source.names()), source.versions("draft")) == ([], [])


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("greet/1.0", "greet/1.0/item.yaml: '1.0' is no version, name the folder greet/1.0.0"),
        ("greet/v2.1", "greet/v2.1/item.yaml: 'v2.1' is no version, name the folder greet/2.1.0"),
        ("greet/new", "greet/new/item.yaml: 'new' is no version, name the folder greet/1.0.0"),
        ("greet", "greet/item.yaml: it belongs into the folder greet/1.0.0"),
        (".", "item.yaml: it belongs into a folder NAME/1.0.0"),
        (
            "items/greet/1.0.0",
            "items/greet/1.0.0/item.yaml: it lies too deep, the folders NAME/VERSION begin at the top",
        ),
    ],
)
def test_an_item_at_a_wrong_place_is_named(tmp_path: Path, place: str, said: str) -> None:
    (tmp_path / place).mkdir(parents=True, exist_ok=True)
    (tmp_path / place / "item.yaml").write_text("name: greet\n")
    source = FolderSource("team", tmp_path)
    assert (source.state().items, source.state().detail) == (0, said)
    with pytest.raises(NotFoundError, match="no item 'greet'") as caught:
        Catalog([source], Trust(tmp_path / "trust.json")).find(Reference("greet"))
    assert "did you mean" not in str(caught.value)
    if place != ".":
        assert caught.value.hint == f"in 'team' {said}"


def test_folders_that_are_no_items_are_not_counted(tmp_path: Path) -> None:
    lay(tmp_path, "greet")
    (tmp_path / "greet" / "1.0.0" / "sub").mkdir()
    (tmp_path / "greet" / "1.0.0" / "sub" / "item.yaml").write_text("")
    (tmp_path / "docs" / "images").mkdir(parents=True)
    state = FolderSource("team", tmp_path).state()
    assert (state.items, state.detail) == (1, "")
    (tmp_path / "greet" / "1.1").mkdir()
    (tmp_path / "greet" / "1.1" / "item.yaml").write_text("name: greet\n")
    state = FolderSource("team", tmp_path).state()
    assert state.items == 1
    assert state.detail == "greet/1.1/item.yaml: '1.1' is no version, name the folder greet/1.1.0"
