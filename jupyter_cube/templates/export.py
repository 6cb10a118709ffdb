"""A job template as a plain job file, for OpenPAI and for whoever wants to read or change it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_cube.marketplace.item import Published
from jupyter_cube.templates.rendering import render
from jupyter_cube.text import document
from jupyter_cube.text.writer import dump


def plain_job(published: Published, values: Mapping[str, Any], *, plain: bool = False) -> str:
    """The job that a job template makes, as YAML.

    Args:
        values: of its template variables.
        plain: without ``extras.jupyter_cube``, which only this project knows.

    Raises:
        UsageError: it is no job template, or its variables are not filled right.
    """
    text = render(published, values)
    if not plain:
        return text
    root = document.read(text).root
    assert root is not None
    job: dict[str, Any] = root.plain()
    del job["extras"]["jupyter_cube"]
    return dump(job if job["extras"] else {key: value for key, value in job.items() if key != "extras"})
