"""Cube Studio's ``init-job-template.json``: each job template as an item of the kind ``job``."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jupyter_cube.errors import SpecError
from jupyter_cube.imports import arguments, markup, naming, phrases, short_syntax
from jupyter_cube.imports.arguments import Arguments
from jupyter_cube.imports.imported import CUBE_STUDIO_TEMPLATE, Imported, finished

Declare = Callable[..., str]  # a variable of ours by its wanted name and keys; gives the name it has

_PREFIX = "job_template_"
_READ = {"name", "describe", "args", "command", "env", "workdir", "volume", "account", "expand", "version", "old_names"}
_OWN = {"project_name", "image_name", "image_describe", "gitpath"}
_SAID = "TASK_RESOURCE_"
_RESOURCES = {"CPU": "2", "MEMORY": "2G", "GPU": "0"}  # what Cube Studio gives a task that says nothing
_OTHER = "not carried over: it is no job template"
_STUB = "it is a stub without arguments: there is nothing to run but the image's own command"


def is_templates(value: Any) -> bool:
    """Whether a document is a file of job templates."""
    return isinstance(value, Mapping) and any(map(_is_template, value.values()))


def _is_template(entry: Any) -> bool:
    return isinstance(entry, Mapping) and any(str(key).startswith(_PREFIX) for key in entry)


def from_templates(entries: Mapping[str, Any]) -> list[Imported]:
    """Each entry as an item; one that cannot be read is listed without an item."""
    names = naming.Names()
    made: list[Imported] = []
    for number, (key, entry) in enumerate(entries.items(), 1):
        if not _is_template(entry):
            made.append(Imported(names.free(naming.kept(key) or f"template-{number}"), notes=(_OTHER,)))
            continue
        name = names.free(_name(key, entry) or f"template-{number}")
        try:
            made.append(_item(name, key, entry))
        except SpecError as error:
            made.append(Imported(name, notes=tuple(f"not carried over: {fault}" for fault in error.faults)))
    return made


def _name(key: str, entry: Mapping[str, Any]) -> str:
    old = entry.get("job_template_old_names")
    image = str(entry.get("image_name") or "").rpartition("/")[2].partition(":")[0]
    folder = str(entry.get("gitpath") or "").rstrip("/").rpartition("/")[2]
    wanted = [key, phrases.english(key), *(old if isinstance(old, list) else []), folder, image]
    return next((name for each in wanted if str(each).isascii() and (name := naming.kept(str(each)))), "")


def _item(name: str, key: str, entry: Mapping[str, Any]) -> Imported:
    notes: list[str] = []
    form = _mapping(entry, "args", notes)
    command = str(entry.get("job_template_command") or "").strip()
    env = _environment(str(entry.get("job_template_env") or ""), notes)
    names = naming.Names()
    for each in arguments.PIPELINE:
        names.free(each)
    own = "command" in {field for group in form.values() if isinstance(group, Mapping) for field in group}
    found = arguments.read(form, names, notes, own_command=own and not command)
    variables: list[Mapping[str, Any]] = list(found.variables)
    groups = dict(found.groups)

    def declare(wanted: str, **fields: Any) -> str:
        chosen: str = names.free(wanted) if wanted not in groups else names.free(f"task_{wanted}", "_")
        variables.append({"name": chosen, **fields})
        groups[chosen] = "task"
        return chosen

    image = found.instead.get("images") or declare(
        "image", type="string", default=str(entry.get("image_name") or ""), description="container image"
    )
    workdir = found.instead.get("workdir") or declare(
        "workdir",
        type="string",
        default=str(entry.get("job_template_workdir") or ""),
        description="working folder; empty: the image's own, on this machine a fresh one",
    )
    run = _run(found, command, declare, notes)
    resources = _resources(env, declare, notes)
    volumes = short_syntax.mounts(str(entry.get("job_template_volume") or ""))
    notes += volumes.notes
    commands = [f"export {each}={arguments.word(value, notes)}" for each, value in env.items()]
    commands += [f"[ -z {{{{ {workdir} | quote }}}} ] || cd {{{{ {workdir} | quote }}}}", *run]
    role: dict[str, Any] = {"instances": 1, "dockerImage": "image", "resourcePerInstance": resources}
    if volumes.shared_mb:
        role["extraContainerOptions"] = {"shmMB": volumes.shared_mb}
    job: dict[str, Any] = {
        "protocolVersion": 2,
        "name": name,
        "type": "job",
        "prerequisites": [{"type": "dockerimage", "name": "image", "uri": f"{{{{ {image} }}}}"}],
        "taskRoles": {"worker": {**role, "commands": commands}},
    }
    if volumes.volumes:
        job["extras"] = {"storages": [{"name": each, "mountPath": path} for each, path in volumes.volumes]}
    texts = [*(each.get("default") for each in variables), *env.values(), *(path for _, path in volumes.volumes)]
    first = arguments.mentioned(texts, [str(each["name"]) for each in variables])
    groups |= {str(each["name"]): "Cube Studio" for each in first}
    _left(entry, texts, notes)
    return finished(
        {
            **_about(name, key, entry),
            "template_variables": [*first, *variables],
            "job": job,
            "origin": {"format": CUBE_STUDIO_TEMPLATE, "name": key, "groups": groups, "entry": entry},
        },
        notes,
    )


def _about(name: str, key: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    project = str(entry.get("project_name") or "")
    about = markup.plain(str(entry.get("job_template_describe") or ""))
    image = markup.markdown(str(entry.get("image_describe") or ""))
    help_url = str(_mapping(entry, "expand", []).get("help_url") or "")
    return {
        "kind": "job",
        "name": name,
        "title": phrases.both(key)[:200],
        "summary": about[:1000],
        "description": image if image != about else "",
        "source": help_url if help_url.startswith(("http://", "https://")) else "",
        "tags": ["cube-studio"],
        "categories": [phrases.english(project) or project] if project else [],
    }


def _mapping(entry: Mapping[str, Any], key: str, notes: list[str]) -> Mapping[str, Any]:
    """A part of the entry that is a mapping, or JSON text of one as Cube Studio's forms hold it."""
    value = entry.get(f"{_PREFIX}{key}") or {}
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            value = None
    if isinstance(value, Mapping):
        return value
    notes.append(f"{key} is not understood: it is no mapping")
    return {}


def _environment(text: str, notes: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, equals, value = line.partition("=")
        if equals and re.fullmatch(r"[A-Za-z_]\w*", name.strip(), re.ASCII):
            found[name.strip()] = value.strip()
        else:
            notes.append(f"env: the line {line!r:.100} is no NAME=value")
    if found.pop("NO_RESOURCE_CHECK", None) is not None:
        notes.append("NO_RESOURCE_CHECK is not carried over: nothing resizes a job here")
    return found


def _run(found: Arguments, command: str, declare: Declare, notes: list[str]) -> Sequence[str]:
    """Shell that runs the template's command with its arguments."""
    if "command" in found.instead:
        return [f"bash -c {{{{ {found.instead['command']} | quote }}}}"]
    about = "the command that gets the arguments"
    if command:
        launcher = declare("launcher", type="string", default=shlex.join(command.split()), description=about)
    else:
        about += "; in Cube Studio the image's own, which a job has to name"
        launcher = declare("launcher", type="string", description=about)
        notes.append("the image's own command is run in Cube Studio; here it must be given as the variable launcher")
    if not found.lines:
        notes.append(_STUB)
    return [f"words=({{{{ {launcher} }}}})", *found.lines, '"${words[@]}"']


def _resources(env: dict[str, str], declare: Declare, notes: list[str]) -> dict[str, str]:
    said = {name: env.pop(f"{_SAID}{name}", default) for name, default in _RESOURCES.items()}
    others = [name for name in env if name.startswith(_SAID)]
    notes += [f"{name}={env.pop(name)} is not carried over" for name in others]
    gpu, note = short_syntax.gpus(said["GPU"])
    if note:
        notes.append(note)
    cpu, memory = short_syntax.cpus(said["CPU"]), short_syntax.memory_mb(said["MEMORY"])
    for name, value in (("CPU", cpu), ("MEMORY", memory)):
        if not value:
            notes.append(f"{_SAID}{name}={said[name]} is not understood, {_RESOURCES[name]} is used")
        elif "~" in said[name]:
            notes.append(f"{_SAID}{name}={said[name]}: the larger one counts")
    values = {
        "cpu": (cpu or 2, "CPUs"),
        "memoryMB": (memory or 2048, "memory, MiB"),
        "gpu": (gpu, "GPUs"),
    }
    return {
        name: f"{{{{ {declare(name, type='int', default=value, minimum=0, description=about)} }}}}"
        for name, (value, about) in values.items()
    }


def _left(entry: Mapping[str, Any], texts: Sequence[Any], notes: list[str]) -> None:
    """Notes of what stays behind in ``origin``."""
    if account := entry.get("job_template_account"):
        notes.append(
            f"the account {account} is not carried over: a launcher that makes objects in Kubernetes cannot do so"
        )
    expand = {name: value for name, value in _mapping(entry, "expand", notes).items() if value}
    if str(expand.get("help_url") or "").startswith(("http://", "https://")):
        del expand["help_url"]
    notes += [f"expand: {name} is not carried over: {value!s:.100}" for name, value in expand.items()]
    if entry.get("job_template_version"):
        notes.append(f"version {entry['job_template_version']} is not carried over: an item is published or it is not")
    if entry.get("gitpath"):
        notes.append(f"its code is in Cube Studio's own repository under {entry['gitpath']}")
    if any(isinstance(text, str) and re.search(r"(?<![\w.])/mnt/", text) for text in texts):
        notes.append("/mnt/NAME is the user's volume in Cube Studio: a storage has to be mounted there")
    for key, value in entry.items():
        known = key in _OWN or (key.startswith(_PREFIX) and key.removeprefix(_PREFIX) in _READ)
        if not known and value not in ("", None, {}, [], 0, False):
            notes.append(f"{key.removeprefix(_PREFIX)} is not carried over: {value!s:.100}")
