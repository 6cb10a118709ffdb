"""Job templates of Cube Studio for the tests: entries, the jobs that they become, and what these run."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from jupyter_cube.imports.base import Imported, import_file
from jupyter_cube.marketplace.item import Item, Published, parse
from jupyter_cube.protocol import spec
from jupyter_cube.templates.rendering import render
from jupyter_cube.text.document import read

NASTY = "a b'c\"d $HOME `x` \\ {{ y }} *\n中文 -- ~"


def entry(fields: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """An entry of ``init-job-template.json``."""
    start = {"project_name": "机器学习", "image_name": "registry/trainer:1", "image_describe": "trainer"}
    named = {f"job_template_{key}": value for key, value in {"name": "trainer", "describe": "train", **more}.items()}
    return {**start, "job_template_args": {"训练": fields or {}}, **named}


def imported(tmp_path: Path, entries: dict[str, Any]) -> list[Imported]:
    file = tmp_path / "init-job-template.json"
    file.write_text(json.dumps(entries, ensure_ascii=False), "utf-8")
    return import_file(file)


def published(one: Imported) -> Published:
    return Published(parse(one.text), "team", "sha256:abc", Path("/nowhere"))


def placeholders(item: Item, **values: Any) -> dict[str, Any]:
    """Values for all that has no default."""
    return {**{each.name: each.choices[0] if each.choices else "true" for each in item.variables if each.required},
            **values}  # fmt: skip


def job_of(one: Imported, **values: Any) -> dict[str, Any]:
    """The job that a template makes."""
    item = parse(one.text)
    text = render(published(one), placeholders(item, **values))
    report = spec.check(text)
    assert report.spec is not None, report.faults
    root = read(text).root
    assert root is not None
    found: dict[str, Any] = root.plain()
    return found


def commands(one: Imported, **values: Any) -> list[str]:
    found: list[str] = job_of(one, **values)["taskRoles"]["worker"]["commands"]
    return found


SHOW = "import json, os, sys; print(json.dumps([os.getcwd(), sys.argv[1:]]))"


def ran(lines: list[str], cwd: Path, **environment: str) -> tuple[str, list[str]]:
    """Folder and arguments of what a script's last command was run with."""
    script = "set -euo pipefail\n" + "\n".join(lines)
    done = subprocess.run(
        ["bash", "-c", script], cwd=cwd, capture_output=True, env={**os.environ, **environment}, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    folder, words = json.loads(done.stdout)
    return folder, words


LAUNCHER = shlex.join([sys.executable, "-c", SHOW])
