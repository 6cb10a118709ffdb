"""A dataset needs only an address, a path or a value."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from web import files, serving

import jupyter_cube
from jupyter_cube.curation import drafts
from jupyter_cube.curation.offers import publish
from jupyter_cube.errors import BackendError, StoreError, UsageError
from jupyter_cube.lifecycle.state import State
from jupyter_cube.marketplace import dataset, item


def archive() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        file.writestr("faces/a.txt", "a face\n")
    return data.getvalue()


def lines(text: str, **options: Any) -> list[str]:
    """What a job prints."""
    job = jupyter_cube.submit(text, shell=True, **options)
    assert job.wait(60) is State.SUCCEEDED, [line.line for line in job.log.tail(20)]
    return [line.line for line in job.log.tail(200)]


def test_an_address_is_enough(own_places: Path) -> None:
    asked: list[str] = []
    faces = archive()
    with serving(files({"/faces.zip": faces}, asked)) as web:
        draft = drafts.new("dataset", "faces", url=f"{web}/faces.zip?download=1")
        found = item.parse(draft.text)
        assert (found.kind, found.variables[0].default) == ("dataset", "/dataset/faces")
        assert found.plugin_params["sha256"] == hashlib.sha256(faces).hexdigest()
        assert found.plugin_params["unpack"] == "zip"
        assert found.summary == f"faces.zip, {len(faces)} bytes, unpacked (zip)"
        draft.publish()
        for _ in range(2):
            printed = lines("cat /dataset/faces/faces/a.txt", require=("faces",))
            assert printed[-1] == "a face"
    assert printed[0] == "faces: cached"
    assert len(asked) == 1  # what was fetched to make the item is what the job uses


def test_a_file_a_folder_and_where_they_stay(own_places: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in" / "deep er").mkdir(parents=True)
    (tmp_path / "in" / "deep er" / "b.txt").write_text("b\n")
    (tmp_path / "in" / "a.txt").write_text("a\n")
    drafts.new("dataset", "folder", path=str(tmp_path / "in")).publish()
    drafts.new("dataset", "file", path=str(tmp_path / "in" / "a.txt")).publish()
    monkeypatch.setattr(dataset, "CARRIED", 1)
    large = drafts.new("dataset", "large", path=str(tmp_path / "in" / "a.txt"))
    large_folder = drafts.new("dataset", "large_folder", path=str(tmp_path / "in"))
    assert "are too much to copy beside the item" in large.notes[0]
    large.publish()
    large_folder.publish()
    script = "cat '/dataset/folder/deep er/b.txt' /dataset/file/a.txt /dataset/large/a.txt /dataset/large_folder/a.txt"
    assert lines(script, require=("folder", "file", "large", "large_folder"))[-4:] == ["b", "a", "a", "a"]


@pytest.mark.parametrize(
    ("value", "file", "loader"),
    [
        (np.arange(3), "x.npy", 'numpy.load("/dataset/x/x.npy")'),
        ({"a": np.arange(3)}, "x.npz", 'numpy.load("/dataset/x/x.npz")'),
        ("text", "x.txt", "read()"),
        (b"\0", "x.bin", '"rb"'),
        ({"a": [1, None]}, "x.json", "json.load"),
    ],
)
def test_a_value_becomes_a_file(value: Any, file: str, loader: str) -> None:
    made = dataset.from_value(value, name="x")
    assert list(made.files) == [f"data/{file}"]
    assert loader in item.parse(made.text).description


def test_a_table_becomes_a_dataset_that_a_job_reads(own_places: Path) -> None:
    drafts.new("dataset", "points", value=np.eye(2)).publish()
    cell = "import numpy\nprint(numpy.load('/dataset/points/points.npy').sum())\n"
    job = jupyter_cube.submit(cell, require=("points",))
    assert job.wait(60) is State.SUCCEEDED
    assert [line.line for line in job.log.tail(1)] == ["2.0"]


@pytest.mark.parametrize("value", [object(), {1, 2}, float("nan"), np.array([object()], dtype=object)])
def test_what_is_no_dataset_is_refused(value: Any) -> None:
    with pytest.raises(UsageError, match="is no dataset"):
        dataset.from_value(value, name="x")


def test_what_cannot_be_fetched_is_said() -> None:
    with pytest.raises(UsageError, match="is no http or https address"):
        dataset.from_url("ftp://x/y", name="x")
    with serving(files({})) as web, pytest.raises(BackendError, match="answered 404"):
        dataset.from_url(f"{web}/x", name="x")


def test_a_secret_in_an_address_is_pointed_out() -> None:
    with serving(files({"/t.csv": b"1"})) as web:
        plain = dataset.from_url(f"{web}/t.csv", name="x")
        made = dataset.from_url(f"{web}/t.csv?token=s3cret", name="x")
    found = item.parse(made.text)
    assert found.plugin_params["url"] == f"{web}/t.csv?token=s3cret"
    assert "s3cret" not in found.source + found.description + found.summary
    assert "who sees the item sees it" in made.notes[-1]
    assert len(plain.notes) == 1


def test_a_small_archive_is_unpacked_like_a_large_one(own_places: Path, tmp_path: Path) -> None:
    (tmp_path / "faces.zip").write_bytes(archive())
    drafts.new("dataset", "small", path=str(tmp_path / "faces.zip")).publish()
    assert lines("cat /dataset/small/faces/a.txt", require=("small",))[-1] == "a face"


def test_a_file_of_arrays_stays_one_file(own_places: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "both.npz", a=np.arange(3), b=np.eye(2))
    drafts.new("dataset", "local", path=str(tmp_path / "both.npz")).publish()
    with serving(files({"/both.npz": (tmp_path / "both.npz").read_bytes()})) as web:
        drafts.new("dataset", "far", url=f"{web}/both.npz").publish()
        cell = (
            "import numpy\nfor name in ('local', 'far'):\n    print(sorted(numpy.load(f'/dataset/{name}/both.npz')))\n"
        )
        job = jupyter_cube.submit(cell, require=("local", "far"))
        assert job.wait(60) is State.SUCCEEDED, [line.line for line in job.log.tail(20)]
    assert [line.line for line in job.log.tail(2)] == ["['a', 'b']"] * 2


def test_a_folder_may_be_brought_anywhere(own_places: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("a\n")
    drafts.new("dataset", "folder", path=str(tmp_path / "in")).publish()
    place = tmp_path / "my 'data'"
    assert lines('cat "$PLACE/a.txt"', require=(f'folder:dataPath="{place}"',), env={"PLACE": str(place)})[-1] == "a"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"a": np.array([object()], dtype=object)}, "an array of Python objects"),
        ({"file": np.arange(2)}, "a use of its own for the name 'file'"),
        ("\ud800", "this str cannot be written as a file"),
    ],
)
def test_values_that_cannot_be_read_back_are_refused(value: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        dataset.from_value(value, name="x")


def no_parquet(table: Any) -> bytes:
    raise ImportError("Unable to find a usable engine")


@pytest.mark.parametrize("parquet", [True, False])
def test_a_dataframe_is_read_back_as_it_was(parquet: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pandas  # takes a second

    tables = (
        pandas.DataFrame({"a": [1, 2], "b": ["x", "y"]}),
        pandas.DataFrame({"a": [1, 2]}, index=["r", "s"]),
        pandas.DataFrame({"a": np.random.default_rng(0).random(1000), "b": [float("nan"), *range(999)]}),
    )
    for table in tables:
        with monkeypatch.context() as context:
            if not parquet:
                context.setattr(pandas.DataFrame, "to_parquet", no_parquet)
            made = dataset.from_value(table, name="x")
        [(file, data)] = made.files.items()
        assert file == ("data/x.parquet" if parquet else "data/x.csv")
        (tmp_path / Path(file).name).write_bytes(data)
        code = item.parse(made.text).description.split("```")[1].removeprefix("python\n")
        names: dict[str, Any] = {}
        exec(code.replace("/dataset/x", str(tmp_path)), names)
        assert names["table"].equals(table)


@pytest.mark.parametrize(
    ("columns", "change"),
    [
        ({"zip": ["00123", "02139"], "n": [1, 2]}, "'zip' would be int64 instead of"),
        ({"code": ["NA", "x"]}, "values of 'code'"),
        ({"when": ["2024-01-01", "2024-01-02"]}, "'when' would be .* instead of datetime64"),
        ({("a", "b"): [1, 2]}, "the names of its columns"),
        ({1: [1, 2]}, "the names of its columns"),
        ({"lists": [[1], [2]]}, "'lists'"),
        ({}, "it could not be read back"),
    ],
)
def test_a_table_that_csv_would_change_is_refused(
    columns: dict[Any, list[Any]], change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pandas

    table = pandas.DataFrame(columns)
    if "when" in table.columns:
        table["when"] = pandas.to_datetime(table["when"])
    monkeypatch.setattr(pandas.DataFrame, "to_parquet", no_parquet)
    with pytest.raises(UsageError, match=f"as CSV this table would change: .*{change}") as caught:
        dataset.from_value(table, name="x")
    assert str(caught.value).endswith("pip install pyarrow")
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(not Path("/sys").is_dir(), reason="no folder where nobody can make one")
def test_a_cache_that_cannot_be_written_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUBE_STORE", "/sys/cube")
    with serving(files({"/x": b"1"})) as web, pytest.raises(StoreError, match="/sys/cube"):
        dataset.from_url(f"{web}/x", name="x")


PREPARED = """\
kind: prerequisite
name: NAME
require:
- name: marketplace://name/digits
  template_variables: {dataPath: "{{ where }}"}
plugin: cmd
plugin_params:
  callbacks:
  - event: taskStarts
    commands: ["COMMAND"]
template_variables:
- {name: where, type: path, default: /dataset/digits}
"""


def prepared(name: str, command: str, folder: Path) -> str:
    """Publish a prerequisite that hands its path on to a dataset."""
    (folder / f"{name}.yaml").write_text(PREPARED.replace("NAME", name).replace("COMMAND", command))
    publish(folder / f"{name}.yaml")
    return name


def test_a_dataset_whose_path_was_handed_on_is_shared_all_the_same(own_places: Path, tmp_path: Path) -> None:
    prepared("prep", "echo prepared", tmp_path)
    script = "test ! -w /dataset/digits; wc -l < /dataset/digits/digits.csv"
    for _ in range(2):
        printed = lines(script, require=("prep",))
    assert printed == ["digits: cached", "prepared", "1798"]
    assert lines(script, require=("prep", "digits")) == ["digits: cached", "prepared", "1798"]
    elsewhere = lines("wc -l < /data/d/digits.csv", require=("prep:where=/data/d",))
    assert elsewhere[-1] == "1798"


def test_who_writes_where_a_dataset_lies_has_it_for_its_job_alone(own_places: Path, tmp_path: Path) -> None:
    prepared("writes", "touch {{ where }}/mark", tmp_path)
    for _ in range(2):
        job = jupyter_cube.submit("ls /dataset/digits", shell=True, require=("writes",))
        assert job.wait(60) is State.SUCCEEDED
        assert [line.line for line in job.log.tail(2)] == ["digits.csv", "mark"]
        assert [note for note in job.notes if "/dataset/digits" in note] == [
            "digits and writes both use /dataset/digits: it is for this job alone"
        ]
    assert lines("ls /dataset/digits", require=("digits",))[-1] == "digits.csv"


def test_links_in_a_folder_lead_nowhere_else(own_places: Path, tmp_path: Path) -> None:
    folder, outside = tmp_path / "in", tmp_path / "secret.txt"
    (folder / "sub").mkdir(parents=True)
    outside.write_text("secret")
    (folder / "sub" / "a.txt").write_text("a")
    (folder / "b.txt").symlink_to("sub/a.txt")
    (folder / "again").symlink_to(folder / "sub")
    made = dataset.from_path(folder, name="x")
    assert sorted(made.files) == ["data/again/a.txt", "data/b.txt", "data/sub/a.txt"]
    [published] = drafts.new("dataset", "x", path=folder).publish()
    assert (published.folder / "data" / "b.txt").read_text() == "a"
    for target, reason in (
        (outside, r"'sub/link' is a link out of the folder, to '.*secret\.txt'"),
        (tmp_path, "'sub/link' is a link out of the folder"),
        (tmp_path / "gone", "'sub/link' is a link to '.*gone', where nothing is"),
        (folder, "'sub/link.*' is a link to a folder that it lies in"),
        (folder / "sub", "'sub/link.*' is a link to a folder that it lies in"),
        (folder / "sub" / "link", "'sub/link' is a link that leads to itself"),
    ):
        link = folder / "sub" / "link"
        link.symlink_to(target)
        (folder / "again").unlink(missing_ok=True)
        with pytest.raises(UsageError, match=reason) as caught:
            dataset.from_path(folder, name="x")
        assert str(caught.value).startswith(f"{folder}: ")
        link.unlink()
    os.mkfifo(folder / "pipe")
    with pytest.raises(UsageError, match="'pipe' is no ordinary file"):
        dataset.from_path(folder, name="x")


def test_what_is_hardly_the_data_is_pointed_out(tmp_path: Path) -> None:
    page = b"\n<!DOCTYPE HTML><title>Index of /faces</title>"
    with serving(files({"/faces": page, "/faces.zip": b"", "/page.html": page})) as web:
        made = {
            name: dataset.from_url(f"{web}/{name}", name="x").notes[1:] for name in ("faces", "faces.zip", "page.html")
        }
    empty, listing = ("faces.zip is empty",), "is a web page, not the data: see whether it names their own address"
    assert made == {"faces": (f"faces {listing}",), "faces.zip": empty, "page.html": ()}
    for name, content in (("faces.zip", b""), ("data.csv", page)):
        (tmp_path / name).write_bytes(content)
    assert empty[0] in dataset.from_path(tmp_path / "faces.zip", name="x").notes
    assert f"data.csv {listing}" in dataset.from_path(tmp_path / "data.csv", name="x").notes
