"""What somebody sees of an item before allowing it, what is allowed by the way, and how that is taken back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from item_folder import lay
from item_server import Handler, Server, files_of
from test_item_verbs import Shell

from jupyter_cube import api
from jupyter_cube.hint import command
from jupyter_cube.marketplace.catalog import catalog
from jupyter_cube.marketplace.sources.serving import write_index
from jupyter_cube.notebook.completion import candidates

RUNS = '{callbacks: [{event: taskStarts, commands: ["sh $CUBE_ITEM/hi.sh", "true # done"]}]}'


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.chdir(tmp_path)
    return Shell(capsys, tmp_path)


@pytest.fixture
def team(tmp_path: Path) -> Path:
    folder = lay(tmp_path / "team", "hook", plugin="cmd", check='["test -e /x"]', plugin_params=RUNS)
    (folder / "hi.sh").write_text("echo hi\n")
    (folder / "hi.sh").chmod(0o755)
    return tmp_path / "team"


def test_what_an_item_runs_and_its_files_are_shown_before_it_is_allowed(shell: Shell, team: Path) -> None:
    shell("sources", "add", "team", str(team))
    shown = shell("show", "hook")
    assert f"  its files are in {team}/hook/1.0.0: hi.sh (executable), item.yaml\n" in shown
    assert "  it runs (check):\n    | test -e /x\n" in shown
    assert "  it runs (taskStarts):\n    | sh $CUBE_ITEM/hi.sh\n    | true # done\n" in shown
    record = shell.json("show", "hook")
    assert record["folder"] == f"{team}/hook/1.0.0"
    assert [(one["path"], one["executable"]) for one in record["files"]] == [("hi.sh", True), ("item.yaml", False)]
    assert {"when": "check", "text": "test -e /x"} in record["runs"]


def test_of_an_item_on_the_web_the_copy_that_was_fetched_is_shown(
    shell: Shell, team: Path, serve: Callable[[Handler], Server]
) -> None:
    write_index(team)
    shell("sources", "add", "web", serve(files_of(team, [])).url)
    line = next(line for line in shell("show", "hook").splitlines() if "its files are in " in line)
    folder, names = line.partition("its files are in ")[2].split(": ")
    assert names == "hi.sh (executable), item.yaml"
    assert (Path(folder) / "hi.sh").read_text() == "echo hi\n"


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"plugin": "file", "plugin_params": "{source: data, path: /d}"}, "(plugin file):\n    | source: data\n"),
        ({"kind": "notebook", "notebook": "a.ipynb"}, "(notebook):\n    | a.ipynb\n"),
        ({"kind": "job", "job": "{taskRoles: {w: {commands: [rm x]}}}"}, "    |     - rm x\n"),
    ],
)
def test_each_kind_shows_what_it_runs(shell: Shell, fields: dict[str, str], line: str) -> None:
    lay(shell.folder / "team", "odd", **fields)
    shell("sources", "add", "team", str(shell.folder / "team"))
    assert line in shell("show", "odd")


def test_the_refusal_names_the_very_item_to_read(shell: Shell, team: Path) -> None:
    shell("sources", "add", "team", str(team))
    refused = shell("submit", "--require", "hook", "--", "true", code=2)
    lay(shell.folder / "first", "hook", summary="another")
    read = refused.partition("read it: ")[2].partition(",")[0].split()[-2:]
    assert read == ["show", "team/hook@1.0.0"]
    assert "its files are in" in shell(*read)


def test_yes_names_each_item_that_it_allows(shell: Shell, team: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lay(team, "below", plugin="cmd")
    lay(team, "above", require="[marketplace://name/below]", plugin="cmd")
    shell("sources", "add", "team", str(team))
    digests = {name: shell.json("show", name)["digest"] for name in ("above", "below")}
    said = "\n".join(notes(shell, "--require", "above", "--yes", "--", "true"))
    assert said.count("--yes allows") == 2
    for name, digest in digests.items():
        assert f"--yes allows {name}@1.0.0 of 'team', {digest}" in said
    assert not any("--yes" in note for note in notes(shell, "--require", "above", "--yes", "--", "true"))
    (team / "below" / "1.0.0" / "more").write_text("changed")
    [note] = [note for note in notes(shell, "--require", "above", "--yes", "--", "true") if "--yes" in note]
    assert note.startswith("--yes allows below@1.0.0 of 'team'")


def notes(shell: Shell, *words: str) -> list[str]:
    """What a submit says beside the job's id."""
    from jupyter_cube.verbs import actions, parser

    job = actions.submit(parser.parse(["submit", *words]))
    job.wait(30)
    return list(job.notes)


def test_a_job_template_is_allowed_by_the_submit_and_not_by_a_plan(shell: Shell, team: Path) -> None:
    job = {
        "protocolVersion": 2,
        "name": "t",
        "type": "job",
        "prerequisites": [{"type": "dockerimage", "name": "i", "uri": "u"}],
        "taskRoles": {
            "w": {
                "dockerImage": "i",
                "resourcePerInstance": {"cpu": 1, "memoryMB": 0, "gpu": 0},
                "commands": ["true"],
            }
        },
    }
    lay(team, "tpl", kind="job", job=json.dumps(job))
    shell("sources", "add", "team", str(team))
    reference = "marketplace://name/tpl"
    assert "is not trusted" in shell("plan", reference)
    assert "is not trusted" in shell("submit", reference, code=2)
    assert any(note.startswith("--yes allows tpl@1.0.0 of 'team'") for note in notes(shell, "--yes", reference))
    assert api.job("t").wait(30).value == "SUCCEEDED"
    shell("submit", reference, "--wait")


def test_what_was_allowed_is_withdrawn(shell: Shell, team: Path) -> None:
    shell("sources", "add", "team", str(team))
    shell("submit", "--require", "hook", "--yes", "--wait", "--name", "first", "--", "true")
    spec = shell.folder / "again.yaml"
    spec.write_text((api.job("first").folder / "spec.yaml").read_text())
    assert candidates(["trust", "--withdraw", ""]) == ["hook", "team/hook", *candidates(["trust", "--withdraw", "x"])]
    assert candidates(["trust", "hook", "--with"]) == ["--withdraw"]
    assert f"write: {command('trust hook --withdraw')}" in shell("trust", "hook@1.0.0", "--withdraw", code=2)
    assert shell("trust", "team/hook", "--withdraw").startswith("withdrawn team/hook@1.0.0  sha256:")
    assert "nothing has been allowed" in shell("trust")
    assert "is not trusted" in shell("submit", "--require", "hook", "--", "true", code=2)
    assert "is not trusted" in shell("submit", str(spec), code=2)  # the copy that was kept is no way around
    assert "nothing of 'hook' has been allowed" in shell("trust", "hook", "--withdraw", code=2)
    digest = shell.json("show", "hook")["digest"]
    shell("trust", "hook", digest)
    shell("submit", str(spec), "--wait")
    assert "takes the item's name" in shell("trust", "hook", digest, "--withdraw", code=2)
    assert "takes the item's name" in shell("trust", "--withdraw", code=2)


def test_an_item_with_an_address_of_its_own_says_that_it_carries_no_files(
    shell: Shell, team: Path, serve: Callable[[Handler], Server]
) -> None:
    address = f"{serve(files_of(team, [])).url}/hook/1.0.0/item.yaml"
    said = "hook@1.0.0 names $CUBE_ITEM, but carries no files: it has an address of its own"
    assert f"  {said}\n" in shell("show", address)
    digest = shell.json("show", address)["digest"]
    assert f"  {said}\n" in shell("trust", address, digest)
    assert said in shell("plan", "--require", address, "--", "true")
    assert said in notes(shell, "--require", address, "--", "true")
    assert shell("trust", address, "--withdraw").startswith(f"withdrawn {address}/hook@1.0.0")
    assert [one.name for one in catalog().trust.records()] == []


def test_a_template_shows_what_its_job_requires_and_warns_of_no_image_that_nobody_wrote(shell: Shell) -> None:
    shell("submit", "--require", "digits:dataPath=/dataset/d", "--wait", "--name", "hi", "--", "true")
    made = shell.json("new", "job", "say_hi", "--from", "hi", "--publish")
    assert [one["name"] for one in made["published"]] == ["say_hi"]
    assert any("cwd is the folder in which the job is submitted" in note for note in made["notes"])
    assert "requires:\n  marketplace://name/digits dataPath=/dataset/d\n" in shell("show", "say_hi")
    assert len(shell.json("show", "say_hi")["require"]) == 1
    assert not any("dockerImage" in note for note in notes(shell, "marketplace://name/say_hi"))
    assert any("--image has no effect" in note for note in notes(shell, "--image", "pytorch", "--", "true"))
