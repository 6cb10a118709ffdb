"""What the tasks of a submit by request inherit: a kernelspec's interpreter, and a folder; never the server's own."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec, NoSuchKernel

from jupyter_cube.errors import NotFoundError, UsageError, near
from jupyter_cube.server.handler import CubeHandler
from jupyter_cube.submitting.surroundings import Surroundings


def origin_of(handler: CubeHandler, asked: Mapping[str, Any]) -> Surroundings:
    """Interpreter, environment and folder of a submit.

    Args:
        asked: ``notebook`` (a path of the contents API), ``kernelspec`` (default: the notebook's, else the server's
            default) and ``cwd`` (default: the notebook's folder, else the root folder).

    Raises:
        UsageError: a value is of the wrong type, or the folder is not there.
        NotFoundError: there is no such kernelspec or notebook.
    """
    for name in ("kernelspec", "cwd", "notebook"):
        if not isinstance(asked.get(name, ""), str):
            raise UsageError("this must be text", place=name)
    root = str(folder_of(handler))
    notebook, folder = "", root
    if path := asked.get("notebook", ""):
        notebook = os.path.normpath(os.path.join(root, path.lstrip("/")))
        if os.path.commonpath([root, notebook]) != root:
            raise UsageError("the notebook is not below the server's root folder", place="notebook")
        folder = os.path.dirname(notebook)
    cwd = os.path.join(folder, os.path.expanduser(asked.get("cwd", "")))
    if not os.path.isdir(cwd):
        raise UsageError("there is no such folder", place=cwd, hint="name one that is there")
    spec = _spec(handler, asked.get("kernelspec", "") or _spec_name_of(notebook))
    environ = {**os.environ, **spec.env}
    return Surroundings(_interpreter(spec, environ), environ, os.path.abspath(cwd), notebook)


def folder_of(handler: CubeHandler, inside: str = "") -> Path:
    """The server's root folder, or one inside of it.

    Raises:
        UsageError: it is not inside, or not there.
    """
    root = Path(handler.settings.get("server_root_dir", os.getcwd())).expanduser().absolute()
    folder = Path(os.path.normpath(root / inside.lstrip("/")))
    if not folder.is_relative_to(root):
        raise UsageError("the folder is not below the server's root folder", place=inside)
    if not folder.is_dir():
        raise UsageError("there is no such folder", place=str(folder), hint="name one that is there")
    return folder


def _spec_name_of(notebook: str) -> str:
    """The kernelspec that a notebook names; empty where it names none, or is not there."""
    try:
        with open(notebook, "rb") as file:
            found = json.load(file)["metadata"]["kernelspec"]["name"]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return found if isinstance(found, str) else ""


def _spec(handler: CubeHandler, name: str) -> KernelSpec:
    manager = handler.kernel_spec_manager
    wanted = name or handler.settings["kernel_manager"].default_kernel_name
    try:
        return manager.get_kernel_spec(wanted)
    except NoSuchKernel:
        known = sorted(manager.find_kernel_specs())
        raise NotFoundError(
            f"there is no kernelspec {wanted!r:.100}", place="kernelspec", hint=near(wanted, known)
        ) from None


def _interpreter(spec: KernelSpec, environ: Mapping[str, str]) -> str:
    """The Python of a kernelspec; where it starts none, the first one on its path."""
    words = [word for word in spec.argv if "{" not in word]
    for word in words[:1] if _is_python(words[:1]) else ["python3", "python"]:
        # what the server's own manager would start for such a word
        found = sys.executable if word in ("python", "python3") and _is_python(words[:1]) else word
        if path := shutil.which(found, path=environ.get("PATH")):
            return path
    raise UsageError(
        f"the kernelspec {spec.display_name!r:.100} has no Python on this machine",
        place="kernelspec",
        hint="name another",
    )


def _is_python(words: list[str]) -> bool:
    return bool(words) and os.path.basename(words[0]).startswith("python")
