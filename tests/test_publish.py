"""Publishing items: checked first, whole or not at all, and never changed afterwards."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest
from item_folder import lay

from jupyter_cube.errors import ConflictError, CubeError, NotFoundError, SpecError, UsageError
from jupyter_cube.marketplace.catalog import Catalog, catalog
from jupyter_cube.marketplace.publish import publish
from jupyter_cube.marketplace.reference import Reference
from jupyter_cube.marketplace.sources.builtin import BuiltinSource
from jupyter_cube.marketplace.sources.folder import FolderSource
from jupyter_cube.marketplace.trust import Trust

MNIST = """\
# digits, for everybody
name: mnist  # the name
summary: "handwritten: digits"
plugin: cmd
plugin_params:
  callbacks:
  - event: taskStarts
    commands: ["mkdir -p {{ dataPath }}"]
template_variables:
- name: dataPath
"""


@pytest.fixture
def team(tmp_path: Path) -> Catalog:
    (tmp_path / "team").mkdir(mode=0o755)
    return Catalog([FolderSource("team", tmp_path / "team"), BuiltinSource()], Trust(tmp_path / "trust.json"))


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_publishing_without_a_source_is_for_oneself(tmp_path: Path) -> None:
    [first] = publish(write(tmp_path / "mnist.yaml", MNIST))
    assert (first.source, first.item.version) == ("mine", "1.0.0")
    assert first.item.author
    found = catalog().find(Reference("mnist"))
    assert found.trusted
    assert found.digest == first.digest


def test_the_next_version_is_a_patch_and_the_text_stays_as_written(tmp_path: Path, team: Catalog) -> None:
    file = write(tmp_path / "mnist.yaml", MNIST)
    publish(file, to="team", where=team, author="Alice: A. # x")
    [second] = publish(write(file, MNIST.replace("digits, for", "more, for")), to="team", where=team)
    assert second.item.version == "1.0.1"
    lines = (second.folder / "item.yaml").read_text().splitlines()
    assert set(MNIST.replace("digits, for", "more, for").splitlines()) <= set(lines)
    assert team.find(Reference("mnist", "1.0.0")).item.author == "Alice: A. # x"
    assert not team.find(Reference("mnist")).trusted
    [third] = publish(file, to="team", version="2.0.0", where=team)
    assert third.item.version == "2.0.0"


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "a", "version": "1.0.0"}',
        "name: a",
        "name:\n  a\n\nversion: 1.0.0\n",
        "{name: a}\n",
        "template_variables:\n- {name: y}\n- {name: x, default: {{ y }}}\nname: a\n",
    ],
)
def test_any_way_of_writing_is_published_as_meant(tmp_path: Path, team: Catalog, text: str) -> None:
    [found] = publish(write(tmp_path / "a.yaml", text), to="team", author='Ümit "U"', where=team)
    assert (found.item.name, found.item.version, found.item.author) == ("a", "1.0.0", 'Ümit "U"')


def test_a_folder_goes_with_its_files(tmp_path: Path, team: Catalog) -> None:
    folder = tmp_path / "draft"
    write(folder / "item.yaml", MNIST)
    write(folder / "src" / "run.sh", "true\n").chmod(0o700)
    write(folder / "__pycache__" / "x.pyc", "")
    write(folder / ".git" / "config", "")
    old = os.umask(0o077)
    try:
        [found] = publish(folder, to="team", where=team)
    finally:
        os.umask(old)
    there = {str(path.relative_to(found.folder)) for path in found.folder.rglob("*")}
    assert there == {"item.yaml", "src", "src/run.sh"}
    modes = [(found.folder / path).stat().st_mode & 0o777 for path in (".", "..", "src", "item.yaml", "src/run.sh")]
    assert modes == [0o755, 0o755, 0o755, 0o444, 0o555]


def test_a_file_goes_with_what_it_names(tmp_path: Path, team: Catalog) -> None:
    write(tmp_path / "private.txt", "x")
    write(tmp_path / "a.ipynb", "{}")
    file = write(tmp_path / "a.yaml", "name: a\nkind: notebook\nnotebook: a.ipynb\n")
    [found] = publish(file, to="team", where=team)
    assert sorted(os.listdir(found.folder)) == ["a.ipynb", "item.yaml"]
    (tmp_path / "a.ipynb").unlink()
    with pytest.raises(SpecError, match=r"a\.yaml:3.*no file 'a\.ipynb' beside"):
        publish(file, to="team", where=team)
    (tmp_path / "a.ipynb").symlink_to(tmp_path / "private.txt")
    with pytest.raises(SpecError, match="no file"):
        publish(file, to="team", where=team)


def test_links_are_not_published(tmp_path: Path, team: Catalog) -> None:
    folder = tmp_path / "draft"
    write(folder / "item.yaml", MNIST)
    (folder / "secret").symlink_to("/etc/passwd")
    with pytest.raises(UsageError, match="'secret' is a symbolic link"):
        publish(folder, to="team", where=team)
    assert os.listdir(tmp_path / "team") == []


def test_of_a_list_all_are_checked_before_the_first_is_written(tmp_path: Path, team: Catalog) -> None:
    file = write(tmp_path / "all.yaml", "- name: b\n- name: a\n  require: [marketplace://name/b]\n- nmae: c\n")
    with pytest.raises(SpecError) as caught:
        publish(file, to="team", where=team)
    assert any(fault.line == 4 for fault in caught.value.faults)
    lay(tmp_path / "team", "taken")
    with pytest.raises(ConflictError, match=r"taken@1\.0\.0"):
        publish(write(file, "- name: b\n- {name: taken, version: 1.0.0}\n"), to="team", where=team)
    assert os.listdir(tmp_path / "team") == ["taken"]
    write(file, "- name: b\n- name: a\n  require: [marketplace://name/b]\n- name: b\n")
    assert [one.item.label for one in publish(file, to="team", where=team)] == ["b@1.0.0", "a@1.0.0", "b@1.0.1"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: a\nplugin: no-such-plugin\n", "a.yaml:2.*unknown plugin 'no-such-plugin'"),
        ("name: ../a\n", "must be of letters"),
        ("name: a\nversion: 1.0\n", "this must be text"),
        ("name: a\nnotebook: ../../etc/passwd\n", "not beside the item"),
        ("[]", "there is no item in it"),
        ("- {name: a, version: 1.0.0}\n- {name: a, version: 1.0.0}\n", "a@1.0.0 is in it twice"),
    ],
)
def test_mistakes_are_said_and_nothing_is_written(tmp_path: Path, team: Catalog, text: str, message: str) -> None:
    with pytest.raises(CubeError, match=message):
        publish(write(tmp_path / "a.yaml", text), to="team", where=team)
    assert os.listdir(tmp_path / "team") == []


def test_of_items_of_one_name_it_is_said_which_is_hidden(tmp_path: Path, team: Catalog) -> None:
    notes: list[str] = []
    file = write(tmp_path / "digits.yaml", "name: digits\n")
    publish(file, to="team", where=team, notes=notes)
    assert notes == ["hides builtin/digits; name it builtin/digits to have that one"]
    (tmp_path / "first").mkdir()
    first = FolderSource("first", tmp_path / "first")
    publish(file, to="first", where=Catalog([first, *team.sources], team.trust))
    both = Catalog([first, *team.sources], team.trust)
    notes = []
    publish(file, to="team", where=both, notes=notes)
    publish(file, to="team", version="1.0.1", where=both)
    there = "digits is there already as digits@1.0.0, with the same content"
    assert notes == [there, "first/digits comes before it; name it team/digits to have this one"]
    with pytest.raises(NotFoundError) as caught:
        both.find(Reference("digits", "1.0.1"))
    assert str(caught.value) == (
        "'digits' of the source 'first' has no version 1.0.1; there are 1.0.0; "
        "'team' has it: marketplace://team/name/digits@1.0.1"
    )


def test_a_folder_without_an_item_says_what_to_do(tmp_path: Path, team: Catalog) -> None:
    for folder, files, message in (
        ("source", ["a/1.0.0/item.yaml", "b/1.0.0/item.yaml"], "but 2 item.s. below it in folders NAME/VERSION; use "),
        ("drafts", ["a/item.yaml", "b/item.yaml"], "but 2 file.s. that may be items; publish each, .*drafts/a"),
        ("files", ["a.yaml", "b.yml"], "but 2 file.s. that may be items; publish each, .*files/a.yaml"),
        ("empty", ["readme.md"], "write one"),
    ):
        for file in files:
            write(tmp_path / folder / file, "name: a\n")
        with pytest.raises(NotFoundError, match=f"{folder}: there is no item.yaml in it.*{message}"):
            publish(tmp_path / folder, to="team", where=team)


def test_an_item_too_large_to_be_read_is_not_published(tmp_path: Path, team: Catalog) -> None:
    text = "name: a\ncheck:\n" + f"- {'x' * 1000}\n" * 1100
    with pytest.raises(UsageError, match="an item is larger than 1 MB"):
        publish(write(tmp_path / "a.yaml", text), to="team", where=team)
    assert os.listdir(tmp_path / "team") == []


def test_where_nobody_can_publish(tmp_path: Path, team: Catalog) -> None:
    file = write(tmp_path / "mnist.yaml", MNIST)
    with pytest.raises(UsageError, match="nobody can publish to 'builtin'; name one of team"):
        publish(file, to="builtin", where=team)
    with pytest.raises(NotFoundError, match="no source 'teem'"):
        publish(file, to="teem", where=team)
    with pytest.raises(UsageError, match="'1' is no version"):
        publish(file, to="team", version="1", where=team)
    with pytest.raises(NotFoundError, match=r"none\.yaml: it cannot be read"):
        publish(tmp_path / "none.yaml", to="team", where=team)


def test_a_version_is_published_once(tmp_path: Path, team: Catalog) -> None:
    file = write(tmp_path / "mnist.yaml", MNIST)
    [first] = publish(file, to="team", version="1.0.0", where=team)
    notes: list[str] = []
    assert publish(file, to="team", version="1.0.0", where=team, notes=notes) == []
    assert publish(file, to="team", where=team, notes=notes) == []
    assert notes[::2] == ["mnist is there already as mnist@1.0.0, with the same content"] * 2
    assert os.listdir(tmp_path / "team" / "mnist") == ["1.0.0"]
    [same] = publish(file, to="team", version="1.5.0", where=team)
    assert same.item.version == "1.5.0"  # somebody asked for that very version
    write(file, MNIST + "license: MIT\n")
    with pytest.raises(ConflictError, match=r"other content, put there by .*publish this as 1\.5\.1"):
        publish(file, to="team", version="1.0.0", where=team)
    assert team.find(Reference("mnist", "1.0.0")).digest == first.digest


def _race(root: Path, file: Path, barrier, results) -> None:  # type: ignore[no-untyped-def]
    where = Catalog([FolderSource("team", root)], Trust(root.parent / "trust.json"))
    barrier.wait()
    try:
        results.put([one.digest for one in publish(file, to="team", version="1.0.0", where=where)])
    except ConflictError as error:
        results.put(str(error))


def test_of_two_who_publish_the_same_version_one_wins(tmp_path: Path, team: Catalog) -> None:
    context = multiprocessing.get_context("spawn")
    for number in range(3):
        barrier, results = context.Barrier(2), context.Queue()
        root = tmp_path / f"team{number}"
        root.mkdir()
        started = []
        for who in ("alice", "bob"):
            draft = tmp_path / f"{who}{number}"
            write(draft / "item.yaml", MNIST + f"author: {who}\n")
            for part in range(30):
                write(draft / f"{part}.txt", who)
            started.append(context.Process(target=_race, args=(root, draft, barrier, results)))
            started[-1].start()
        answers = [results.get(timeout=60) for _ in started]
        for one in started:
            one.join()
        [won] = [answer for answer in answers if isinstance(answer, list)]
        [lost] = [answer for answer in answers if isinstance(answer, str)]
        assert "other content" in lost
        found = FolderSource("team", root).load("mnist", "1.0.0")
        assert [found.digest] == won
        assert {file.read_text() for file in found.folder.glob("*.txt")} == {found.item.author}
        assert os.listdir(root / "mnist") == ["1.0.0"]


def test_of_several_items_only_what_changed_is_published(tmp_path: Path) -> None:
    file = write(tmp_path / "all.yaml", "- name: a\n- name: b\n  require: [marketplace://name/a]\n")
    assert len(publish(file)) == 2
    write(file, "- name: a\n- name: b\n  summary: more\n  require: [marketplace://name/a]\n")
    notes: list[str] = []
    assert [one.item.label for one in publish(file, notes=notes)] == ["b@1.0.1"]
    assert notes == ["a is there already as a@1.0.0, with the same content"]


def test_a_file_that_the_item_is_to_bring_goes_with_it_or_is_missed(tmp_path: Path, team: Catalog) -> None:
    text = "kind: dataset\nname: a\nplugin: file\nplugin_params:\n  source: data/x.csv\n  path: /d\n"
    file = write(tmp_path / "a.yaml", text)
    with pytest.raises(SpecError, match=r"a\.yaml:5.*there is no file or folder 'data/x\.csv' beside the item; put it"):
        publish(file, to="team", where=team)
    write(tmp_path / "data" / "x.csv", "1")
    write(tmp_path / "data" / "y.csv", "2")
    write(tmp_path / "other.txt", "3")
    [found] = publish(file, to="team", where=team)
    assert carried(found.folder) == {"item.yaml", "data/x.csv"}
    [found] = publish(write(file, text.replace("data/x.csv", "./data/")), to="team", where=team)
    assert carried(found.folder) == {"item.yaml", "data/x.csv", "data/y.csv"}
    for source in ("../a.yaml", "~/x", "data/z"):
        with pytest.raises(SpecError, match="no file or folder"):
            publish(write(file, text.replace("data/x.csv", source)), to="team", where=team)
    [found] = publish(write(file, text.replace("data/x.csv", "/somewhere/else")), to="team", where=team)
    assert carried(found.folder) == {"item.yaml"}


def carried(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_file_whose_commands_want_what_lies_beside_it_says_that_it_goes_without(
    tmp_path: Path, team: Catalog
) -> None:
    text = "name: a\nplugin: cmd\ncallbacks:\n- event: taskStarts\n  commands: [sh $CUBE_ITEM/hi.sh]\n"
    folder = tmp_path / "a"
    write(folder / "hi.sh", "true")
    notes: list[str] = []
    publish(write(folder / "item.yaml", text), to="team", where=team, notes=notes)
    assert notes == ["a@1.0.0 names $CUBE_ITEM, but goes without files: publish the folder that it lies in"]
    notes = []
    publish(folder, to="team", where=team, notes=notes)
    assert notes == []
