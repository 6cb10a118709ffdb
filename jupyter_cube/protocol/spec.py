"""Reading, checking and writing a job: text to ``JobSpec`` and back.

``check`` gives everything that is wrong with a text at once, ``parse`` raises it. Neither looks at the machine.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_cube.errors import Fault, SpecError
from jupyter_cube.protocol import rules, unused
from jupyter_cube.protocol.model import JobSpec
from jupyter_cube.text.document import Document, Node, from_values, read
from jupyter_cube.text.record import Record
from jupyter_cube.text.shape import Reader

MASK = "******"

_ALIAS = re.compile(r"\s*:\s*\*[^\s,\]}]+")
_ANCHOR = re.compile(r"\s*:( &[^\s,\]}]+)")


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found; ``spec`` is None where there are faults."""

    spec: JobSpec | None
    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()


def check(text: str | bytes, *, file: str = "", parameters: Mapping[str, Any] | None = None) -> Report:
    """Check a job.

    Args:
        text: YAML or JSON.
        file: its name in the faults.
        parameters: values that are given from outside; they count as written in the job.
    """
    return _check(read(text, file=file), parameters)


def parse(text: str | bytes, *, file: str = "", parameters: Mapping[str, Any] | None = None) -> JobSpec:
    """The job that a text describes.

    Raises:
        SpecError: with all its faults.
    """
    return _accepted(check(text, file=file, parameters=parameters))


def from_dict(values: Mapping[str, Any], *, file: str = "") -> JobSpec:
    """The job that plain values describe, as ``to_dict`` gives them.

    Raises:
        SpecError: with all its faults, which have a path and no line.
    """
    return _accepted(_check(from_values(values, file=file), None))


def to_dict(spec: JobSpec) -> dict[str, Any]:
    """The job as a document: what was written, in the order in which it was written."""
    return Record(JobSpec).write(spec)


def mask_secrets(text: str) -> str:
    """The text of a job with the value of ``secrets`` replaced by ``"******"``; all else stays as it is.

    Raises:
        SpecError: the text is no YAML mapping.
    """
    document = read(text)
    root = document.root
    if root is None:
        raise SpecError(document.faults)
    if "secrets" not in root.keys:
        return text
    text, key = document.text, root.keys["secrets"]
    node = document.node(("secrets",)) or key
    if alias := _ALIAS.match(text, key.end):
        end = alias.end()
    elif text[root.start] == "{":
        end = node.end
    else:
        end = _block_end(text, key, node)
    anchor = _ANCHOR.match(text, key.end)
    return f'{text[: key.end]}:{anchor[1] if anchor else ""} "{MASK}"{text[end:]}'


def _accepted(report: Report) -> JobSpec:
    if report.spec is None:
        raise SpecError(report.faults)
    return report.spec


def _check(document: Document, parameters: Mapping[str, Any] | None) -> Report:
    if document.root is None:
        return Report(None, document.faults)
    reader = Reader(document)
    spec: JobSpec = Record(JobSpec).read(document.root, (), reader)
    found = [*document.faults, *reader.faults]
    wrong = [fault.path for fault in reader.faults]
    found += [fault for fault in rules.faults(spec, parameters) if not any(_follows(fault, path) for path in wrong)]
    found.sort(key=lambda fault: (fault.line, fault.column))
    return Report(None if found else spec, tuple(found), (*rules.warnings(spec), *unused.warnings(spec)))


def _block_end(text: str, key: Node, node: Node) -> int:
    """The offset behind a value in block style and the comments that belong to it."""
    end = text.find("\n", len(text[: _last(text, node, key.end)].rstrip()))
    if end < 0:
        return len(text)
    indented_comments = re.compile(rf"(?:(?:\n[ \t\r]*)*?\n {{{key.column},}}\S[^\n]*)*")
    found = indented_comments.match(text, end)
    return found.end() if found else end


def _last(text: str, node: Node, after: int) -> int:
    """Where the last piece of a value ends; what an alias stands for lies elsewhere."""
    inner: list[Node] = []
    if text[node.start : node.start + 1] not in ("{", "["):
        inner = list(node.value.values()) if isinstance(node.value, dict) else []
        inner += node.value if isinstance(node.value, list) else []
    ends = [_last(text, each, after) for each in inner] or [node.end]
    return max(after, *ends) if node.start >= after else after


def _follows(fault: Fault, wrong: str) -> bool:
    """Whether a fault only comes of another at the path ``wrong``."""
    return (
        fault.path == wrong
        or fault.path.startswith((f"{wrong}.", f"{wrong}["))
        or fault.message.startswith(f"${wrong}.")
    )
