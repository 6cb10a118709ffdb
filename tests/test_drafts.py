"""New items, jobs saved as templates, and templates taken away as job files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import jupyter_cube
from jupyter_cube.curation import drafts
from jupyter_cube.curation.drafts import Draft
from jupyter_cube.errors import ConflictError, NotFoundError, SpecError, UsageError
from jupyter_cube.log.chunk import Line
from jupyter_cube.marketplace.catalog import catalog
from jupyter_cube.marketplace.item import parse
from jupyter_cube.marketplace.reference import Reference
from jupyter_cube.protocol import spec

JOB = """\
protocolVersion: 2
name: greet
type: job
prerequisites: [{type: dockerimage, name: image, uri: python}]
parameters: {whom: world}
secrets: {token: quiet-please}
taskRoles:
  worker:
    dockerImage: image
    resourcePerInstance: {cpu: 1, memoryMB: 0, gpu: 0}
    commands: ["echo hello <% $parameters.whom %>", 'test "<% $secrets.token %>" != ""']
"""


def said(job: jupyter_cube.Job) -> str:
    """What the job's tasks have written."""
    return "\n".join(line.line for line in job.lines() if isinstance(line, Line))


def filled_in(draft: Draft) -> Draft:
    """A skeleton as its author leaves it."""
    return replace(draft, text=draft.text.replace("What it is good for, and how to use it", "It is good. Use it"))


@pytest.mark.parametrize("kind", ["prerequisite", "storage", "job"])
def test_a_skeleton_is_an_item_and_teaches_its_kind(kind: str, tmp_path: Path) -> None:
    draft = drafts.new(kind, "my-own", summary="said: so")
    path = draft.write(tmp_path)
    item = parse(path.read_text())
    assert (path.name, item.kind, item.name, item.summary) == ("my-own.yaml", kind, "my-own", "said: so")
    assert item.variables
    assert "\n" in item.description
    assert "#" in draft.text
    with pytest.raises(SpecError, match=r"my-own\.yaml:4.*this is the skeleton's description still; write your own"):
        draft.publish()
    [published] = filled_in(draft).publish()
    assert published.item.label == "my-own@1.0.0"


def test_the_skeletons_run_together(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="this is the skeleton's summary still"):
        drafts.new("job", "runs").publish()
    filled_in(drafts.new("prerequisite", "place", summary="a place")).publish()
    filled_in(drafts.new("job", "runs", summary="runs")).publish()
    script = tmp_path / "a.py"
    script.write_text("import os, sys\nprint(os.environ['PLACE'], sys.argv[1:])\n")
    reference = "marketplace://name/runs"
    place = tmp_path / "place"
    job = jupyter_cube.submit(
        reference, parameters={"script": str(script), "epochs": 5}, require=(f"place:place={place}",)
    )
    job.wait()
    log = said(job)
    assert f"{place} ['--device', 'cpu', '--epochs', '5']" in log
    assert job.state.name == "SUCCEEDED", log


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("mine")
    with pytest.raises(ConflictError, match="this is there already"):
        drafts.new("job", "x").write(tmp_path)
    assert (tmp_path / "x.yaml").read_text() == "mine"
    (tmp_path / "y").mkdir()
    with pytest.raises(ConflictError):
        Draft("y", "kind: job\n", {"a.txt": b"1"}).write(tmp_path)
    assert not list((tmp_path / "y").iterdir())


@pytest.mark.parametrize("name", ["../a.txt", "/a.txt", "a/../../b"])
def test_an_item_s_files_stay_in_its_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be the name of an item's file"):
        Draft("y", "kind: job\n", {name: b"1"}).write(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_notebook_goes_along_with_its_item(tmp_path: Path) -> None:
    notebook = tmp_path / "My first.ipynb"
    cells = [{"cell_type": "code", "source": "1", "outputs": [{"text": "1"}], "metadata": {}, "execution_count": 1}]
    notebook.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    draft = drafts.new("notebook", "first", path=notebook, summary="a first look")
    assert draft.notes == ("the notebook goes along with its outputs",)
    folder = draft.write(tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == ["My-first.ipynb", "item.yaml"]
    [published] = draft.publish()
    assert (published.folder / published.item.notebook).read_bytes() == notebook.read_bytes()


def test_what_is_no_notebook_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_text("{}")
    with pytest.raises(UsageError, match="this is no notebook"):
        drafts.new("notebook", "x", path=tmp_path / "a.ipynb")
    with pytest.raises(NotFoundError, match="no such file"):
        drafts.new("notebook", "x", path=tmp_path / "b.ipynb")
    with pytest.raises(UsageError, match="give path"):
        drafts.new("notebook", "x")


def test_a_job_that_ran_becomes_a_template_that_runs(tmp_path: Path) -> None:
    first = jupyter_cube.submit(JOB)
    first.wait()
    draft = drafts.new("job", "greet", origin=first.id, variables={"whom": "parameters.whom"}, summary="greets")
    assert "quiet" not in draft.text
    assert draft.notes == ("the secret token is to be given as token",)
    [published] = draft.publish()
    again = jupyter_cube.submit("marketplace://name/greet", parameters={"whom": "you", "token": "quiet-please"})
    again.wait()
    assert again.state.name == "SUCCEEDED"
    assert "hello you" in said(again)
    stored = (again.folder / "spec.yaml").read_text()
    assert "quiet" not in stored
    assert f"mine/greet@1.0.0 {published.digest}" in stored


def test_a_job_s_file_becomes_a_template(tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_text(JOB)
    draft = drafts.new("job", "greet", origin=str(tmp_path / "job.yaml"))
    assert draft.item().job is not None
    with pytest.raises(SpecError, match=r"job\.yaml.*there is no such value"):
        drafts.new("job", "greet", origin=tmp_path / "job.yaml", variables={"x": "parameters.y"})
    with pytest.raises(NotFoundError):
        drafts.new("job", "greet", origin="no-such-job")


@pytest.mark.parametrize(
    ("kind", "options", "advice"),
    [
        ("jobs", {}, "unknown kind 'jobs'; did you mean 'job'?"),
        ("job", {"url": "http://x/y"}, "a job is not made of url; it is made of origin, variables"),
        ("storage", {"path": "x"}, "a storage is not made of path; leave it away"),
        ("job", {"variables": {"a": "b"}}, "variables are taken out of a job"),
        ("dataset", {}, "give one of url, path and value"),
        ("dataset", {"url": "http://x/y", "path": "z"}, "a dataset is made of one of url and path"),
    ],
)
def test_options_that_do_not_belong_are_said(kind: str, options: dict[str, object], advice: str) -> None:
    with pytest.raises(UsageError) as caught:
        drafts.new(kind, "x", **options)  # type: ignore[arg-type]
    assert advice in str(caught.value)


def test_a_name_that_no_item_may_have_is_said() -> None:
    with pytest.raises(UsageError, match="cannot be an item's name"):
        drafts.new("job", "../x")


def test_a_template_is_taken_away_as_a_job_file(tmp_path: Path) -> None:
    text = drafts.export("python_script", {"script": "a.py", "instances": "3", "arguments": "x, y z"})
    job = spec.parse(text)
    assert job.task_roles["worker"].instances == 3
    assert job.cube.template.startswith("builtin/python_script@")
    plain = drafts.export("python_script", {"script": "a.py"}, plain=True)
    assert spec.parse(plain).extras.cube is None
    assert "jupyter_cube" not in plain
    assert "extras" not in plain


def test_only_what_is_there_allowed_and_a_template_is_taken_away() -> None:
    with pytest.raises(UsageError, match="is a prerequisite, not a job template"):
        drafts.export("debug_hook")
    with pytest.raises(NotFoundError):
        drafts.export("no-such-item")
    with pytest.raises(SpecError, match=r"'script' of python_script@.* has no value"):
        drafts.export("python_script")


def test_a_draft_is_checked_before_it_is_published() -> None:
    with pytest.raises(SpecError, match=r"^broken\.yaml:2"):
        Draft("broken", "name: broken\nkind: jobs\n").publish()
    with pytest.raises(NotFoundError):
        catalog().find(Reference("broken"))
