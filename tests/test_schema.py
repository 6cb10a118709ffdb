"""The published JSON Schema says the same as the reader."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from example_job import JOB, with_prerequisites
from test_spec import EVERYTHING

from jupyter_cube.protocol.model import JobSpec
from jupyter_cube.protocol.schema import job_schema
from jupyter_cube.text.document import read
from jupyter_cube.text.record import Record
from jupyter_cube.text.shape import Reader

PUBLISHED = Path(__file__).parent.parent / "docs" / "job-schema.json"


def test_the_published_schema_is_the_present_one() -> None:
    """To publish it: write ``json.dumps(job_schema(), indent=1)`` and a newline to docs/job-schema.json."""
    assert PUBLISHED.read_text() == json.dumps(job_schema(), indent=1) + "\n"


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(job_schema())


@pytest.mark.parametrize(
    "text",
    [
        JOB,
        EVERYTHING,
        JOB + "x: 1\n",
        JOB.replace("cpu: 1", "cpu: 1.0"),
        JOB.replace("cpu: 1", "cpu: 1.5"),
        JOB.replace("cpu: 1", "cpu: -1"),
        JOB.replace("cpu: 1", "cpu: true"),
        JOB.replace("gpu: 0", "gpu: 0, ports: {a-b: 1}"),
        JOB.replace("gpu: 0", "gpu: 0, ports: []"),
        JOB.replace("worker", "1worker"),
        JOB.replace("name: p\n", f"name: {'n' * 256}\n"),
        JOB.replace("[echo hi]", "[]"),
        JOB.replace("    dockerImage: img\n", ""),
        JOB.replace("Version: 2", "Version: '2'"),
        JOB.replace("Version: 2", "Version: true"),
        JOB.replace("Version: 2", "Version: 2.0"),
        JOB + "version: true\n",
        JOB + "    completion: {minFailedInstances: }\n",
        JOB + "    completion: {minFailedInstances: 0}\n",
        JOB + "    completion:\n",
        JOB + "    extraContainerOptions: {shmMB: x}\n",
        with_prerequisites("{type: data, name: d, uri: x}"),
        with_prerequisites("{type: data, name: d, uri: [x], other: 1}"),
        with_prerequisites("{type: output, name: d, callbacks: [{event: x, commands: [y]}]}"),
        with_prerequisites("{type: script, name: d, failurePolicy: IGNORE}"),
        with_prerequisites("{type: script, name: d, failurePolicy: no}"),
        with_prerequisites("{type: model, name: d}"),
        with_prerequisites("{name: d}"),
        with_prerequisites("x"),
        JOB + "extras: {com.microsoft.pai.runtimeplugin: [{plugin: cmd, parameters: {preCommands: [x]}}]}\n",
        JOB + "extras: {com.microsoft.pai.runtimeplugin: [{plugin: cmd}]}\n",
        JOB + "extras: {com.microsoft.pai.runtimeplugin: [{plugin: ssh}]}\n",
        JOB + "extras: {com.microsoft.pai.runtimeplugin: [{plugin: x}]}\n",
        JOB + "extras: {jupyter_cube: {backend: x, unknown: 1}}\n",
        JOB + "extras: {jupyter_cube: {timeout: 5}}\n",
        JOB + "extras: []\n",
    ],
)
def test_schema_and_reader_agree(text: str) -> None:
    document = read(text)
    assert document.root is not None
    reader = Reader(document)
    Record(JobSpec).read(document.root, (), reader)
    accepted = jsonschema.Draft202012Validator(job_schema()).is_valid(document.root.plain())
    assert accepted == (not reader.faults), reader.faults
