"""OpenPAI's jobs, and the rows of its marketplace, as items: a job template each, and a dataset where there is one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from jupyter_cube import document, spec
from jupyter_cube.errors import SpecError, UsageError
from jupyter_cube.imports import naming
from jupyter_cube.imports.imported import OPENPAI_ITEM, OPENPAI_JOB, Imported, finished
from jupyter_cube.templates.saving import from_job

_ID = re.compile(r"[A-Za-z0-9][\w.~-]{0,127}", re.ASCII)
_USED = {"id", "name", "author", "tags", "categories", "summary", "protocol", "description"}
_FILE = re.compile(r"[\w .()-]+\.(?:ya?ml|json|md|txt)")
_FOLDERS = (
    "",
    "item_protocols",
    "item_protocols/old_templates",
    "item_descriptions",
    "item_descriptions/old_templates",
)
# commands of a job that does nothing but fetch its data
_FETCHES = re.compile(r"(?:#.*|(?:mkdir|cd|wget|curl|git clone|tar|unzip|gunzip|export|ls|echo)\b[^|&;]*)", re.DOTALL)


def is_job(value: Any) -> bool:
    """Whether a document is a job of OpenPAI."""
    return isinstance(value, Mapping) and "protocolVersion" in value and "taskRoles" in value


def is_rows(value: Any) -> bool:
    """Whether a document is a list of rows of OpenPAI's marketplace."""
    return (
        isinstance(value, list) and bool(value) and all(isinstance(row, Mapping) and "protocol" in row for row in value)
    )


def from_file(text: str, *, file: str) -> Imported:
    """A job as a job template that makes this job again; its secrets become variables.

    Raises:
        SpecError: the job has faults.
        UsageError: the job cannot be made again from its text alone.
    """
    job, notes = _template(text, file=file)
    values = _plain(text, file=file)
    name = naming.kept(str(values["name"]).strip("_-")) or naming.slug(PurePosixPath(file).stem) or "job"
    about = str(values.get("description") or "")
    origin = {"format": OPENPAI_JOB, "name": file, "entry": _masked(text)}
    return finished(
        {
            "kind": "job",
            "name": name,
            "title": values["name"] if values["name"] != name else "",
            "summary": _first_line(about),
            "description": about,
            "author": str(values.get("contributor") or ""),
            "tags": ["openpai"],
            **job,
            "origin": origin,
        },
        notes,
    )


def from_rows(rows: Sequence[Mapping[str, Any]], folder: Path) -> list[Imported]:
    """Each row as a job template, and its data as a dataset; a row without a job is listed without an item.

    Args:
        folder: where the files are that rows name instead of holding the text.
    """
    names = naming.Names()
    made: list[Imported] = []
    for number, row in enumerate(rows, 1):
        title = str(row.get("name") or f"item-{number}")
        name = names.free(naming.slug(title) or f"item-{number}")
        found = _row(row, name, title, folder, names)
        made += [each for each in found if each.kind] or [Imported(name, notes=found[0].notes)]
        if any(each.kind for each in found) and not found[0].kind:
            made[-1] = Imported(made[-1].name, made[-1].kind, made[-1].text, notes=(*made[-1].notes, *found[0].notes))
    return made


def _row(row: Mapping[str, Any], name: str, title: str, folder: Path, names: naming.Names) -> list[Imported]:
    """The job, without an item where it cannot be had, and the dataset if there is one."""
    protocol, missing = _text(row, "protocol", folder)
    about, no_about = _text(row, "description", folder)
    notes = [f"its description is not beside the file: {row['description']}"] if no_about else []
    files = {key: text for key, text in (("protocol", protocol), ("description", about)) if text != row.get(key)}
    files = {key: _masked(text) if key == "protocol" else text for key, text in files.items() if text}
    entry = {**row, "protocol": _masked(protocol)} if protocol == row.get("protocol") else dict(row)
    common = {
        "title": title[:200],
        "summary": str(row.get("summary") or "")[:1000],
        "description": about,
        "author": str(row.get("author") or ""),
        "tags": [str(tag) for tag in row.get("tags") or ()],
        "categories": [str(category) for category in row.get("categories") or ()],
        "origin": {"format": OPENPAI_ITEM, "name": title, "entry": entry, "files": files},
    }
    values: Mapping[str, Any] = {}
    is_data = row.get("type") == "data"
    try:
        if missing:
            raise UsageError(f"its job is not beside the file: {row['protocol']}")
        job, of_job = _template(protocol, file=str(row["protocol"]) if files.get("protocol") else title)
        values = _plain(protocol, file=title)
        own = {"id": str(row["id"])} if _ID.fullmatch(str(row.get("id") or "")) else {}
        if row.get("id") and not own:
            notes.append(f"the id {row['id']!r:.100} cannot be an item's")
        kept = {**common, "description": about or str(values.get("description") or "")}
        label = names.free(f"{name}-job") if is_data else name
        made = finished({"kind": "job", "name": label, **own, **kept, **job}, [*notes, *of_job, *_rest(row)])
    except (SpecError, UsageError) as error:
        lines = str(error).splitlines()
        made = Imported(name, notes=tuple(f"the job is not carried over: {line}" for line in lines))
    if not is_data:
        return [made]
    data, why = _dataset(row, values, name, common)
    if data is None:
        return [Imported(made.name, made.kind, made.text, notes=(*made.notes, why))]
    return [made, data]


def _template(text: str, *, file: str) -> tuple[dict[str, Any], list[str]]:
    """The keys ``template_variables`` and ``job`` of a job template that makes the job again."""
    made = from_job(text, name="imported", file=file)
    root = document.read(made.text, template=True).root
    assert root is not None
    values = root.plain()
    return {key: values[key] for key in ("template_variables", "job") if key in values}, list(made.notes)


def _dataset(
    row: Mapping[str, Any], job: Mapping[str, Any], name: str, common: Mapping[str, Any]
) -> tuple[Imported | None, str]:
    """What a data row brings, as a dataset; None and why there is none."""
    addresses = [str(row["dataUrl"])] if row.get("dataUrl") else []
    if job:
        uris = [uri for each in job.get("prerequisites") or () if each.get("type") == "data" for uri in _listed(each)]
        commands = [line for role in job["taskRoles"].values() for line in role["commands"]]
        if not all(_FETCHES.fullmatch(str(line).strip()) for line in commands):
            return None, "it is no dataset here: its job does more than to fetch its data"
        addresses = [str(uri) for uri in uris] or addresses
    if not addresses or not all(re.match(r"https?://", each) for each in addresses):
        return None, f"it is no dataset here: {', '.join(addresses) or 'it'} is no http or https address"
    notes = []
    parameters: dict[str, Any]
    if any(each.endswith(".git") for each in addresses):
        plugin, parameters = "git", {"repo_uri": addresses[0], "clone_dir": "{{ dataPath }}"}
        if addresses[1:]:
            return None, f"it is no dataset here: it has several repositories, {', '.join(addresses)}"
    else:
        plugin, parameters = "http", {"path": "{{ dataPath }}"}
        parameters |= {"url": addresses[0]} if len(addresses) == 1 else {"files": [{"url": each} for each in addresses]}
        notes.append("the checksum of its data is not known: sha256 may be added")
    variable = {
        "name": "dataPath",
        "type": "path",
        "default": f"/dataset/{name}",
        "description": "the folder with the files",
    }
    values = {
        "kind": "dataset",
        "name": name,
        **common,
        "description": common["description"] or str(job.get("description") or ""),
        "source": addresses[0],
        "needs": ["network"],
        "plugin": plugin,
        "plugin_params": parameters,
        "template_variables": [variable],
    }
    return finished(values, [*notes, *_rest(row)]), ""


def _listed(data: Mapping[str, Any]) -> Sequence[Any]:
    uri = data.get("uri")
    return uri if isinstance(uri, list) else [uri] if uri else []


def _rest(row: Mapping[str, Any]) -> list[str]:
    rest = [key for key, value in row.items() if key not in _USED and value not in (None, "", [], {})]
    return [f"kept under origin only: {', '.join(rest)}"] if rest else []


def _text(row: Mapping[str, Any], key: str, folder: Path) -> tuple[str, bool]:
    """The text that a row holds or names, and whether its file is missing."""
    value = str(row.get(key) or "")
    if not _FILE.fullmatch(value):
        return value, False
    kind = {"protocol": str(row.get("type") or ""), "description": "desc"}[key]
    for each in (*(f"{below}/{value}" for below in _FOLDERS), f"{kind}_{value}"):
        file = folder / each.lstrip("/")
        if file.is_file():
            return file.read_text("utf-8"), False
    return "", True


def _plain(text: str, *, file: str) -> dict[str, Any]:
    root = document.read(text, file=file).root
    found: dict[str, Any] = root.plain() if root is not None else {}
    return found


def _masked(text: str) -> str:
    try:
        return spec.mask_secrets(text)
    except SpecError:
        return text  # it is no job, and is listed as such


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")[:200]
