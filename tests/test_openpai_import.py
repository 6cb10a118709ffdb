"""OpenPAI's jobs and the rows of its marketplace as items: the same jobs come out again, and what is left is said."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from jupyter_cube.cli import main
from jupyter_cube.errors import SpecError, UsageError
from jupyter_cube.imports.base import Imported, import_file, original
from jupyter_cube.marketplace import usability
from jupyter_cube.marketplace.item import Item, Published, parse
from jupyter_cube.protocol import spec
from jupyter_cube.templates.rendering import render
from jupyter_cube.text.document import read

DIRECTORY = os.environ.get("CUBE_TEST_CASES", "")
CASES = Path(DIRECTORY) / "openpai"
given = pytest.mark.skipif(not DIRECTORY, reason="CUBE_TEST_CASES names no directory of OpenPAI's files")


def valid_files() -> list[str]:
    """The given files that OpenPAI and jupyter-cube take for right jobs."""
    if not DIRECTORY:
        return []
    verdicts = json.loads((CASES / "verdicts.json").read_text())
    right = [name for name, found in verdicts.items() if found["verdict"] == "valid"]
    return [name for name in right if spec.check((CASES / name).read_text()).spec is not None]


FILES = valid_files()

JOB = """\
protocolVersion: 2
name: hello_job
type: job
description: |
  Says hello.

  Twice.
prerequisites:
- {type: dockerimage, name: image, uri: ubuntu}
parameters: {n: 2}
taskRoles:
  worker:
    instances: 2
    dockerImage: image
    resourcePerInstance: {cpu: 1, memoryMB: 100, gpu: 0}
    commands:
    - echo '{{ name }}' {{x}} '{{.Names}}' {{ y | default('z') }} <% $parameters.n %> # ${#a[@]}
"""
DATA = """\
protocolVersion: 2
name: words
type: job
description: Words.
prerequisites:
- {type: dockerimage, name: image, uri: ubuntu}
- type: data
  name: words
  uri: [http://127.0.0.1/words.tgz]
taskRoles:
  taskrole:
    dockerImage: image
    data: words
    resourcePerInstance: {cpu: 1, memoryMB: 100, gpu: 0}
    commands:
    - "# You can save these commands"
    - mkdir -p /data/
    - cd /data
    - wget <% $data.uri[0] %>
    - tar xvf words.tgz
    - export DATA_DIR=/data/words/
"""


def plain(text: str) -> dict[str, Any]:
    root = read(text).root
    assert root is not None
    found: dict[str, Any] = root.plain()
    return found


def made_again(item: Item, **values: Any) -> dict[str, Any]:
    """The job that a template makes, without the line that names the template."""
    text = render(Published(item, "team", "sha256:abc", Path("/nowhere")), values)
    assert spec.check(text).spec is not None
    job = plain(text)
    cube = job["extras"]["jupyter_cube"]
    del cube["template"]
    if not cube:
        del job["extras"]["jupyter_cube"]
    return job


def same(job: dict[str, Any], text: str) -> None:
    """Whether a job is that of a text, with its keys in the same order."""
    expected = plain(text)
    if "extras" not in expected:
        assert job.pop("extras") == {}
    assert json.dumps(job) == json.dumps(expected)


def rows(folder: Path, *values: dict[str, Any], **files: str) -> list[Imported]:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    catalog = folder / "catalog.json"
    catalog.write_text(json.dumps(values))
    return import_file(catalog)


def test_a_job_comes_out_as_it_went_in(tmp_path: Path) -> None:
    (tmp_path / "hello.yaml").write_text(JOB)
    (one,) = import_file(tmp_path / "hello.yaml")
    item = parse(one.text)
    assert (one.name, one.kind, item.summary) == ("hello_job", "job", "Says hello.")
    same(made_again(item), JOB)
    assert original(item) == JOB


def test_secrets_stay_behind(tmp_path: Path) -> None:
    text = JOB.replace("parameters: {n: 2}", "parameters: {n: 2}\nsecrets: {token: hush}").replace(
        "echo", "echo <% $secrets.token %>"
    )
    (tmp_path / "secret.yaml").write_text(text)
    (one,) = import_file(tmp_path / "secret.yaml")
    item = parse(one.text)
    assert "hush" not in one.text
    assert "the secret token is to be given as token" in one.notes
    assert original(item) == text.replace("{token: hush}", '"******"')
    assert made_again(item, token="hush")["secrets"] == {"token": "hush"}


def test_a_job_with_faults_is_refused_with_its_lines(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(JOB.replace("gpu: 0", "gpus: 0"))
    with pytest.raises(SpecError, match=r"bad.yaml:15"):
        import_file(tmp_path / "bad.yaml")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.yaml", "name: x\n  bad: [\n", r"a\.yaml:2:6: a second ': ' in one value"),
        ("a.yml", "name: [\n", r"a\.yml:2:1: this line does not fit"),
        ("a.txt", "protocolVersion: 2\nname: 'x\n", r"a\.txt:2:7: the quote that is opened here is never closed"),
        ("a.json", '[{"protocol": "x"\n', r"a\.json:2:1: this line does not fit"),
        ("a.md", "hello: [\n", r"a\.md: it is nothing that can be imported"),
    ],
)
def test_a_damaged_file_is_said_with_its_line(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match=message):
        import_file(tmp_path / name)


def test_rows_become_items_with_what_is_known_of_them(tmp_path: Path) -> None:
    row = {
        "id": "11",
        "name": "Hello, Welt (ä)",
        "author": "OpenPAI",
        "type": "template",
        "categories": ["official example"],
        "tags": ["GPU sharing"],
        "summary": "says hello",
        "protocol": "hello.yaml",
        "description": "hello.md",
        "useNumber": 3,
        "status": "approved",
        "createdAt": "2020-08-15T04:52:48.289Z",
    }
    (tmp_path / "hello.md").write_text("# Hello\n")
    twin = {**row, "id": "not an id", "name": "hello  Welt A", "protocol": JOB, "description": "*inline*"}
    gone = {**row, "name": "Gone", "protocol": "gone.yaml"}
    broken = {**row, "name": "Broken", "protocol": JOB.replace("2\n", "3\n", 1)}
    first, second, third, fourth = rows(tmp_path, row, twin, gone, broken, hello=JOB)
    item = parse(first.text)
    assert (first.name, item.id, item.title, item.author) == ("hello-welt-a", "11", "Hello, Welt (ä)", "OpenPAI")
    assert (item.tags, item.categories) == (("GPU sharing",), ("official example",))
    assert (item.summary, item.description) == ("says hello", "# Hello\n")
    assert "kept under origin only: type, useNumber, status, createdAt" in first.notes
    same(made_again(item), JOB)
    assert original(item) == row
    assert item.origin["files"] == {"protocol": JOB, "description": "# Hello\n"}
    other = parse(second.text)
    assert (second.name, other.id, other.description, original(other)) == ("hello-welt-a-2", "", "*inline*", twin)
    assert "the id 'not an id' cannot be an item's" in second.notes
    assert (third.kind, third.text) == ("", "")
    assert third.notes == ("not carried over: its job gone.yaml is not beside the file",)
    assert fourth.kind == ""
    assert "not carried over: its job: Broken:1" in fourth.notes[0]


def test_a_job_that_only_fetches_its_data_is_a_dataset_too(tmp_path: Path) -> None:
    row = {"id": "1", "name": "Words", "type": "data", "protocol": DATA, "dataUrl": "http://127.0.0.1/old.tgz"}
    does_more = {**row, "name": "More", "protocol": DATA.replace("tar xvf", "python train.py")}
    git = {**row, "name": "Code", "protocol": DATA.replace("words.tgz]", "words.git]").replace("wget", "git clone")}
    local = {**row, "name": "Local", "protocol": DATA.replace("http://127.0.0.1/words.tgz", "/mnt/words")}
    only = {**row, "name": "Only", "protocol": "gone.yaml"}
    found = rows(tmp_path, row, does_more, git, local, only)
    assert [(one.name, one.kind) for one in found] == [
        ("words-job", "job"),
        ("words", "dataset"),
        ("more-job", "job"),
        ("code-job", "job"),
        ("code", "dataset"),
        ("local-job", "job"),
        ("only", "dataset"),
    ]
    items = {one.name: parse(one.text) for one in found}
    assert items["words"].plugin_params == {"url": "http://127.0.0.1/words.tgz", "path": "{{ dataPath }}"}
    assert (items["words"].id, items["words-job"].id, items["more-job"].id) == ("1", "", "1")
    assert items["code"].plugin_params["repo_uri"] == "http://127.0.0.1/words.git"
    assert items["only"].plugin_params["url"] == "http://127.0.0.1/old.tgz"
    assert found[2].notes[0] == "it is no dataset here: its job does more than to fetch its data"
    assert found[5].notes[0] == "it is no dataset here: /mnt/words is no http or https address"
    assert found[6].notes[0] == "not carried over: its job gone.yaml is not beside the file"
    same(made_again(items["words-job"]), DATA)


@pytest.mark.parametrize(
    ("commands", "plugin", "parameters"),
    [
        (["wget https://h/faces.zip -P /data/faces"], "http", {"url": "https://h/faces.zip", "unpack": "none"}),
        (["mkdir -p /d && cd /d; wget 'http://h/a?x=1&y=2'"], "http", {"url": "http://h/a?x=1&y=2", "unpack": "none"}),
        (["wget http://h/a.tgz", "tar xf a.tgz"], "http", {"url": "http://h/a.tgz"}),
        (
            ["curl -L http://h/v1?x -o /d/a.csv", "wget -q http://h/b"],
            "http",
            {"files": [{"url": "http://h/v1?x", "name": "a.csv"}, {"url": "http://h/b"}], "unpack": "none"},
        ),
        (
            ["git clone --depth 1 https://h/x/y /data"],
            "git",
            {"repo_uri": "https://h/x/y", "options": ["--depth", "1"]},
        ),
    ],
)
def test_addresses_are_found_in_commands(
    tmp_path: Path, commands: list[str], plugin: str, parameters: dict[str, Any]
) -> None:
    job, made = rows(tmp_path, fetching(*commands))
    assert (job.kind, made.kind) == ("job", "dataset")
    item = parse(made.text)
    place = {"clone_dir" if plugin == "git" else "path": "{{ dataPath }}"}
    assert (item.plugin, item.plugin_params) == (plugin, {**parameters, **place})
    assert usability.of_plugin(item) == []


@pytest.mark.parametrize(
    ("commands", "reason"),
    [
        (["wget ftp://h/x"], "ftp://h/x is no http or https address"),
        (["echo hello"], "neither its data nor its commands name an address"),
        (["wget http://h/$FILE"], "the address http://h/$FILE is known in its job only"),
        (["wget http://h/x | sh"], "its job does more than to fetch its data"),
        (["wget http://h/x; sh x"], "its job does more than to fetch its data"),
        (["wget http://h/x", "git clone http://h/y"], "it is of files and of repositories"),
    ],
)
def test_why_a_row_of_data_is_no_dataset(tmp_path: Path, commands: list[str], reason: str) -> None:
    (job,) = rows(tmp_path, fetching(*commands))
    assert job.notes[0].startswith(f"it is no dataset here: {reason}")


def fetching(*commands: str) -> dict[str, str]:
    """A row of data whose job has these commands only."""
    role = {
        "dockerImage": "image",
        "resourcePerInstance": {"cpu": 1, "memoryMB": 1, "gpu": 0},
        "commands": list(commands),
    }
    image = {"type": "dockerimage", "name": "image", "uri": "u"}
    job = {"protocolVersion": 2, "name": "x", "type": "job", "prerequisites": [image], "taskRoles": {"w": role}}
    return {"name": "Faces", "type": "data", "protocol": json.dumps(job)}


def test_an_entry_that_did_not_come_over_is_seen_by_the_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "rows.json"
    good = {"name": "Good", "protocol": JOB}
    file.write_text(json.dumps([good, {"name": "Gone", "protocol": "gone.yaml"}]))
    assert main(["import", str(file), "--dry-run"]) == 1
    assert "not carried over: its job gone.yaml is not beside the file" in capsys.readouterr().out
    file.write_text(json.dumps([good]))
    assert main(["import", str(file), "--dry-run"]) == 0


def test_a_row_alone_comes_over_and_files_elsewhere_do_not(tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text(JOB)
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "row.json").write_text(json.dumps({"name": "Alone", "protocol": JOB}))
    assert [one.name for one in import_file(inside / "row.json")] == ["alone"]
    (one,) = rows(inside, {"name": "Outside", "protocol": "../secret.yaml"})
    assert one.kind == ""


def test_odd_rows_are_listed_and_do_not_stop_the_others(tmp_path: Path) -> None:
    odd = {"name": "Odd", "protocol": JOB, "tags": 3, "categories": "one"}
    long = {"name": "Long", "protocol": "é" * 300 + ".yaml"}
    (tmp_path / "latin.yaml").write_bytes(b"name: \xe9\n")
    latin = {"name": "Latin", "protocol": "latin.yaml"}
    first, second, third, fourth, fifth = rows(
        tmp_path, odd, long, latin, {"name": "None"}, {"name": "\ud800", "protocol": JOB}
    )
    assert (parse(first.text).tags, parse(first.text).categories) == ((), ("one",))
    assert [one.kind for one in (second, third, fourth, fifth)] == ["", "", "", ""]
    assert (fourth.name, fourth.notes) == ("item-4", ("not carried over: it has no job",))
    assert fifth.notes[0].startswith("not carried over: ")


@given
@pytest.mark.parametrize("name", FILES)
def test_every_given_job_comes_out_as_it_went_in(name: str) -> None:
    text = (CASES / name).read_text()
    (one,) = import_file(CASES / name)
    item = parse(one.text)
    values = plain(text).get("secrets") or {}
    variables = {each.name for each in item.variables if each.type == "secret"}
    if variables:
        assert original(item) == spec.mask_secrets(text)
        made_again(item, **dict.fromkeys(variables, "hush"))
        assert not any(isinstance(value, str) and len(value) > 4 and value in one.text for value in values.values())
    else:
        same(made_again(item), spec_without_secrets(text))
        assert original(item) == spec.mask_secrets(text)


def spec_without_secrets(text: str) -> str:
    """A job without secrets that nothing uses."""
    job = plain(text)
    job.pop("secrets", None)
    return json.dumps(job)


@given
def test_every_given_row_comes_over_or_is_listed() -> None:
    catalog = CASES / "marketplace_items/catalog_examples.json"
    found = import_file(catalog)
    values = json.loads(catalog.read_text())
    kinds = [one.kind for one in found]
    assert (len(values), kinds.count("job"), kinds.count("dataset"), kinds.count("")) == (30, 18, 4, 11)
    assert len({one.name for one in found}) == len(found)
    items = [parse(one.text) for one in found if one.kind]
    given_back = {item.title: original(item) for item in items}
    assert given_back == {row["name"]: row for row in values if row["name"] in given_back}
    missing = [one.notes[0] for one in found if not one.kind]
    for row in values:
        if row["name"] not in given_back:
            assert f"not carried over: its job {row['protocol']} is not beside the file" in missing
    for item in items:
        if item.kind == "job":
            same(made_again(item), item.origin["files"]["protocol"])
