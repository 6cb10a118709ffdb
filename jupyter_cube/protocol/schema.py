"""The JSON Schema of a job, generated from the model with which jobs are read; published as docs/job-schema.json."""

from __future__ import annotations

from typing import Any

from jupyter_cube.protocol.model import JobSpec
from jupyter_cube.text.record import Record


def job_schema() -> dict[str, Any]:
    """What a job may look like; what holds between its parts (names that exist, references) is not in it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "jupyter-cube job",
        "description": "OpenPAI job protocol v2; what jupyter-cube adds is under extras.jupyter_cube",
        **Record(JobSpec).schema(),
    }
