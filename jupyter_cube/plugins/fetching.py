"""The plugins that bring data into a folder: ``http`` from the net, ``file`` from this machine or the item."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from jupyter_cube.lifecycle.plan import File
from jupyter_cube.plugins.base import Made, Plugin
from jupyter_cube.task.archive import KINDS
from jupyter_cube.task.bring import name_of
from jupyter_cube.text.record import Record, Written, key
from jupyter_cube.text.shape import Choice, Integer, Items, Text

_CHECKSUM = Text("|[0-9a-fA-F]{64}", "64 hexadecimal digits")
_ADDRESS = re.compile(r"https?://[^\x00-\x1f\x7f]+")
_UNPACK = Choice(KINDS, "kind of archive")
_OURS = ("archive", "bring", "connection", "fetch")  # what runs in the task


@dataclass(frozen=True, kw_only=True)
class WebFile(Written):
    """One of several files."""

    url: str = key("url", Text())
    sha256: str = key("sha256", _CHECKSUM, default="")
    name: str = key("name", Text(), default="", about="what it is called there; default: as in the address")


@dataclass(frozen=True, kw_only=True)
class HttpParameters(Written):
    """A file, or several, on the net, and the folder they go to."""

    url: str = key("url", Text(), default="", about="of the one file")
    files: tuple[WebFile, ...] = key(
        "files", Items(Record(WebFile)), default=(), about="instead: url, sha256, name of each"
    )
    sha256: str = key("sha256", _CHECKSUM, default="", about="checksum; with it, what is there needs no network")
    size: int = key("size", Integer(0), default=0, about="bytes that it may unpack to; default: 200 times its own")
    path: str = key("path", Text(), about="the folder")
    unpack: str = key("unpack", _UNPACK, default="auto", about="what kind of archive it is; none: it stays as it is")


class HttpPlugin(Plugin):
    """Files of the net, fetched once for all jobs."""

    name: ClassVar[str] = "http"
    parameters: ClassVar[type[Written]] = HttpParameters

    def make(self, parameters: Any) -> Made:
        one = (WebFile(url=parameters.url, sha256=parameters.sha256),) if parameters.url else ()
        if bool(one) == bool(parameters.files):
            raise ValueError("write either url or files")
        lines, names = [], set()
        for file in (*one, *parameters.files):
            if "/" in file.name or file.name in (".", ".."):
                raise ValueError(f"{file.name!r:.100} is no name of a file")
            name = file.name or name_of(file.url)
            if name in names and parameters.unpack in ("auto", "none"):
                raise ValueError(f"two of the files are called {name!r:.100}; give them a name each")
            names.add(name)
            if not _ADDRESS.fullmatch(file.url):
                raise ValueError(f"{file.url!r:.100} is no http or https address")
            lines.append(_line(file.url, parameters, sha256=file.sha256, name=file.name, size=parameters.size))
        return _made(lines, parameters.path)


@dataclass(frozen=True, kw_only=True)
class FileParameters(Written):
    """A file, or all that is in a folder, and the folder it goes to."""

    source: str = key("source", Text(), about="the path of a file or folder; relative: of the item's own files")
    sha256: str = key("sha256", _CHECKSUM, default="", about="checksum of the file")
    path: str = key("path", Text(), about="the folder")
    unpack: str = key("unpack", _UNPACK, default="auto", about="what kind of archive it is; none: it stays as it is")


class FilePlugin(Plugin):
    """A file or folder of this machine, or one that the item carries."""

    name: ClassVar[str] = "file"
    parameters: ClassVar[type[Written]] = FileParameters

    def make(self, parameters: Any) -> Made:
        if ".." in Path(parameters.source).parts or not parameters.source or "://" in parameters.source:
            raise ValueError(f"{parameters.source!r:.100} is no path of a file")
        return _made([_line(parameters.source, parameters, sha256=parameters.sha256)], parameters.path)


def _line(source: str, parameters: Any, *, sha256: str = "", name: str = "", size: int = 0) -> str:
    options = {"into": parameters.path, "sha256": sha256, "unpack": parameters.unpack, "name": name}
    words = "".join(f" --{option} {shlex.quote(value)}" for option, value in options.items() if value)
    if size:
        words += f" --size {size}"
    command = '"${CUBE_PYTHON:-python3}" -S "$CUBE_JOB/files/cube/bring.py" --cache "$CUBE_CACHE"' + words
    if "://" in source:  # no quoted word, for a secret in it may hold a quote
        return (
            f"IFS= read -r source << 'end of the address'\n{source}\nend of the address\nCUBE_SOURCE=$source {command}"
        )
    quoted = shlex.quote(source)
    if not source.startswith("/"):
        quoted = f'"$CUBE_ITEM"/{quoted}'
    return f"CUBE_SOURCE={quoted} {command}"


def _made(lines: list[str], path: str) -> Made:
    folder = Path(__file__).parents[1] / "task"
    files = tuple(File(f"cube/{name}.py", (folder / f"{name}.py").read_text("utf-8")) for name in _OURS)
    # a relative path is another folder in every task
    scope = "job" if path.startswith(("/", "~")) else "task"
    return Made({"taskStarts": "\n".join(lines)}, files=files, scope=scope)
