"""What has no effect here is said where it is written: at check, plan and submit."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from example_job import JOB, with_prerequisites

from jupyter_cube import api
from jupyter_cube.plugins import action
from jupyter_cube.protocol import extras, model
from jupyter_cube.protocol.spec import check
from jupyter_cube.submitting.options import Options

DOCUMENT = Path(__file__).parents[1] / "docs" / "openpai.md"
IMAGE = "job.yaml:8:5: taskRoles.worker.dockerImage: 'dockerImage' has no effect here: " + model.NO_IMAGE


def said(text: str) -> list[str]:
    report = check(text, file="job.yaml")
    assert report.spec is not None, list(map(str, report.faults))
    return list(map(str, report.warnings))


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ("    extraContainerOptions: {infiniband: true}\n", "11:29: taskRoles.worker.extraContainerOptions.infiniband"),
        ("    extraContainerOptions: {shmMB: 64}\n", "11:29: taskRoles.worker.extraContainerOptions.shmMB"),
        ("    extraContainerOptions: {gpuKind: a}\n", "11:29: taskRoles.worker.extraContainerOptions.gpuKind"),
        ("defaults: {virtualCluster: vc}\n", "11:12: defaults.virtualCluster"),
        ("defaults: {other: 1}\n", "11:12: defaults.other"),
        ("extras: {tensorBoard: {logs: x}}\n", "11:10: extras.tensorBoard"),
        ("extras: {hivedScheduler: {}}\n", "11:10: extras.hivedScheduler"),
        ("extras: {jobStatusChangeNotification: {}}\n", "11:10: extras.jobStatusChangeNotification"),
        ("extras: {foo: 1}\n", "11:10: extras.foo"),
        ("extras: {storages: [{name: a, share: true}]}\n", "11:31: extras.storages[0].share"),
    ],
)
def test_a_key_without_effect_is_said_at_its_place(more: str, line: str) -> None:
    first, second = said(JOB + more)
    assert first == IMAGE
    name = line.rpartition(".")[2]
    assert second.startswith(f"job.yaml:{line}: '{name}' has no effect here")


@pytest.mark.parametrize("more", ["extras: {submitFrom: x}\n", "defaults: {virtualCluster: default}\n", "version: 3\n"])
def test_what_nobody_expects_to_do_anything_is_not(more: str) -> None:
    assert said(JOB + more) == [IMAGE]


@pytest.mark.parametrize("kind", ["data", "script", "output"])
def test_what_a_role_names_has_an_effect_where_a_command_refers_to_it(kind: str) -> None:
    uri = "[u]" if kind == "data" else "u"
    text = with_prerequisites(f"{{type: {kind}, name: d, uri: {uri}}}") + f"    {kind}: d\n"
    why = f"'{kind}' has no effect here: no command of the role refers to it"
    assert any(line.endswith(f"taskRoles.worker.{kind}: {why}") for line in said(text))
    assert not any(why in line for line in said(text.replace("echo hi", f"'get <% ${kind}.uri %>'")))


def test_parameters_that_no_plugin_reads() -> None:
    text = with_prerequisites("{type: script, name: s, uri: x, speed: 3, version: 1}") + "    script: s\n"
    why = "'speed' has no effect here: no plugin reads it"
    assert any(line.endswith(f"prerequisites[1].speed: {why}") for line in said(text))
    assert not any("speed" in line for line in said(text.replace("echo hi", "'run <% $script.speed %>'")))
    text = with_prerequisites("{type: script, name: s, plugin: cmd, preCommands: [a], speed: 3}")
    assert any("the plugin cmd does not read it" in line for line in said(text))


def test_a_key_of_many_roles_is_said_once() -> None:
    role = "\n".join(JOB.splitlines()[7:])
    [line] = said(f"{JOB}  other:\n{role}\n  third:\n{role}\n")
    assert line == f"{IMAGE}; so it is at taskRoles.other.dockerImage, taskRoles.third.dockerImage"


def test_another_backend_says_itself_what_it_does_not_use() -> None:
    assert said(JOB + "extras: {jupyter_cube: {backend: kubernetes}, foo: 1}\n") == []


def test_check_plan_and_submit_say_the_same(tmp_path: Path) -> None:
    file = tmp_path / "job.yaml"
    file.write_text(JOB + "extras: {foo: 1}\n")
    line = f"{file}:11:10: extras.foo: 'foo' has no effect here"
    [report] = api.check_files([file])
    assert "'foo' has no effect here" in [fault["message"] for fault in report["warnings"]]
    assert line in api.plan_of(file, Options())["warnings"]
    job = api.submit_file(file, Options())
    assert line in job.notes
    job.wait(20)


def test_an_image_is_said_only_where_somebody_asked_for_one() -> None:
    assert not any("image" in note for note in api.plan_of(["true"], Options())["warnings"])
    notes = api.plan_of(["true"], Options(image="python:3.12"))["warnings"]
    assert f"--image has no effect here: {model.NO_IMAGE}" in notes


def marked() -> Iterator[tuple[str, Any]]:
    """The keys that the model says have no effect, with the reasons."""
    for module in (model, extras, action):
        for kind in vars(module).values():
            if not dataclasses.is_dataclass(kind) or kind.__module__ != module.__name__:
                continue
            for field in dataclasses.fields(kind):
                unused = field.metadata.get("unused")
                if isinstance(unused, str) and unused:
                    yield field.metadata["key"], unused
                elif unused:
                    yield from ((name, why) for name, why in unused.items() if why)


def test_the_document_lists_them_all() -> None:
    section = DOCUMENT.read_text("utf-8").partition("## Without effect")[2]
    rows = dict(re.findall(r"^\| (`.+?) \| (.+?) \|$", section, re.MULTILINE))
    listed = {name.rpartition(".")[2]: why for names, why in rows.items() for name in re.findall(r"`([\w.]+)`", names)}
    keys = dict(marked())
    assert listed.keys() == keys.keys()
    for name, why in keys.items():
        assert listed[name].startswith(why)
