"""From what a person typed to what is committed: spec, plan, private files and notes.

Every kind of source ends as an OpenPAI job: a cell becomes a file of the job that an ordinary command runs, so that
the stored spec can be submitted again.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_cube.cells import kernel
from jupyter_cube.errors import CubeError, Fault, SpecError, UsageError
from jupyter_cube.lifecycle.plan import File, Plan
from jupyter_cube.marketplace import reference as references
from jupyter_cube.marketplace.reference import is_reference
from jupyter_cube.planning import compile, wrapper
from jupyter_cube.protocol import extras, model, spec
from jupyter_cube.submitting.insertion import with_value
from jupyter_cube.submitting.options import Options, at_least, beside_job, mebibytes, seconds
from jupyter_cube.submitting.surroundings import Surroundings

if TYPE_CHECKING:
    from jupyter_cube.submitting.shopping import Shopping

_CUBE_PASSED_ON = ("CUBE_STORE", "CUBE_LOCKS")  # the rest is about the task that this process may be in
ROLE = "worker"  # the role of a job that names none


@dataclass(frozen=True, slots=True)
class Composed:
    """What a submit commits.

    Attributes:
        spec: text of the spec as stored, secrets masked.
        private: files that only the tasks may read, name to bytes.
        notes: lines for the person who submits.
        shopping: where its items come from; None: it has none.
        job: what was written and asked for beside it.
    """

    plan: Plan
    spec: str
    private: Mapping[str, bytes]
    notes: tuple[str, ...]
    shopping: Shopping | None = None
    job: model.JobSpec | None = None


def cell(text: str, options: Options, *, namespace: Mapping[str, Any], around: Surroundings) -> Composed:
    """A notebook cell: YAML (its first key is ``protocolVersion``, or ``--yaml``), shell, or Python."""
    if options.yaml or (not options.shell and re.match(r"(\s*(#.*)?\n)*(---\s*\n)?protocolVersion\s*:", text)):
        return job_text("\n" + text, options, file="cell", around=around)  # the magic is line 1
    if options.shell:
        return _shell(text, options, around)
    from jupyter_cube.cells import cell as cells

    made = cells.prepare(text, namespace, inputs=options.inputs, outputs=options.outputs, name=options.name)
    if made.faults:
        raise SpecError(made.faults)
    composed = _composed(options, around, made.command, files=made.files, private=made.private, inputs=made.inputs)
    return replace(composed, notes=(*composed.notes, *made.notes))


def _shell(text: str, options: Options, around: Surroundings) -> Composed:
    if not text.strip():
        raise UsageError("the cell is empty", hint="write the shell lines below the magic")
    if options.inputs:
        raise UsageError("a shell cell takes no values", hint="use --env NAME=VALUE instead of --in")
    return _composed(options, around, 'exec bash "$CUBE_JOB/files/cell.sh"', files=(File("cell.sh", text),))


def words(line: list[str], options: Options, *, around: Surroundings) -> Composed:
    """A command as words; each arrives as it is."""
    if not line:
        raise UsageError("there is no command after --", hint="write: submit -- python train.py")
    return _composed(options, around, f"exec {shlex.join(line)}", default_name=Path(line[0]).name)


def source(name: str | Path, options: Options, *, around: Surroundings) -> Composed:
    """What was named: a file, or a job template of the marketplace.

    Raises:
        CubeError: it is not there, or of no kind that can be submitted.
    """
    if not is_reference(str(name)):
        return file(Path(name).expanduser(), options, around=around)
    from jupyter_cube.submitting.shopping import Shopping

    shopping = Shopping(allow=options.yes)
    text = shopping.job_text(str(name), options.parameters)
    composed = job_text(text, replace(options, parameters={}), file=str(name), around=around)
    return replace(composed, shopping=shopping.joined(composed.shopping))


def file(path: Path, options: Options, *, around: Surroundings) -> Composed:
    """A file: a job (.yaml, .yml, .json), a Python script or a shell script, run where it lies.

    Raises:
        UsageError: it is not there, or of no kind that can be submitted.
    """
    place = str(path)
    if not path.is_file():
        what = "this is a folder" if path.is_dir() else "there is no such file"
        raise UsageError(what, place=place, hint=_meant(path))
    suffix = path.suffix.lower()
    if suffix in (".yaml", ".yml", ".json"):
        try:
            text = path.read_bytes().decode()
        except UnicodeDecodeError as error:
            raise UsageError("the file is not UTF-8 text", place=place) from error
        return job_text(text, options, file=place, around=around)
    script = shlex.quote(str(path.absolute()))
    if suffix == ".py":
        return _composed(options, around, f'exec "$CUBE_PYTHON" -u {script}', default_name=path.stem)
    if suffix == ".sh":
        return _composed(options, around, f"exec bash {script}", default_name=path.stem)
    raise UsageError(
        f"cannot submit a {suffix or 'file without suffix'}", place=place, hint="submit a .yaml, .py or .sh file"
    )


def _meant(path: Path) -> str:
    """What somebody may have meant who named no file; a hint."""
    if path.is_dir():
        return "name a .yaml, .py or .sh file in it"
    try:
        wanted = references.typed(str(path))
        from jupyter_cube.submitting.shopping import Shopping

        kind = Shopping().find(wanted).item.kind
    except CubeError:
        return ""
    if kind == "job":
        return f"for the job template of that name write {wanted}"
    return "" if kind == "notebook" else f"for the item of that name write --require {path} -- COMMAND"


def job_text(text: str, options: Options, *, file: str, around: Surroundings) -> Composed:
    """An OpenPAI job as text.

    Raises:
        SpecError: all that is wrong with it.
    """
    report = spec.check(text, file=file, parameters=options.parameters)
    refused = beside_job(options, file)
    if report.spec is None or refused:
        raise SpecError([*refused, *report.faults])
    job = report.spec
    if job.cube.inputs:
        names = ", ".join(job.cube.inputs)
        hint = "run the cell again, or retry the job that it came from"
        raise UsageError(f"the values {names} of a notebook are not in the file", place=file, hint=hint)
    if options.backend and options.backend != job.cube.backend:
        job = replace(job, extras=replace(job.extras, cube=replace(job.cube, backend=options.backend)))
    if job.cube.cwd and not os.path.isabs(job.cube.cwd):
        # relative to where it is submitted, also when it is submitted again from elsewhere
        cwd = around.path(job.cube.cwd)
        job = replace(job, extras=replace(job.extras, cube=replace(job.cube, cwd=cwd)))
        text = with_value(text, ("extras", "jupyter_cube", "cwd"), cwd)
    job, plan, shopping = _compiled(job, options)
    listed = _listed(job.cube.files, Path(file).parent, place=file)
    plan = replace(_with_options(plan, options, around), files=(*plan.files, *listed))
    private = {"base.env": _environment(around), "secrets.json": json.dumps(job.secrets).encode()}
    stored = _text(job) if options.require else _pinned(spec.mask_secrets(text), job)
    notes = _once(*_renamed(options), *map(str, report.warnings), *plan.warnings)
    return Composed(plan, stored, private, notes, shopping, job)


def _compiled(job: model.JobSpec, options: Options) -> tuple[model.JobSpec, Plan, Shopping | None]:
    """The job with the items that were asked for and pins of all items, its plan, and where the items came from."""
    needed = [name for role in job.task_roles.values() for name in role.prerequisites]
    assets = [each for each in job.prerequisites if isinstance(each, model.Asset)]
    needed += [each.name for one in (*assets, *job.extras.references) for each in one.require]
    if not options.require and not any(map(is_reference, needed)):
        return job, compile.compile(job, parameters=options.parameters), None
    from jupyter_cube.marketplace.pins import pin
    from jupyter_cube.submitting import requiring
    from jupyter_cube.submitting.shopping import Shopping

    shopping = Shopping(job.cube.items, allow=options.yes)
    job = requiring.add(job, options.require, find=shopping.find)
    try:
        plan = compile.compile(job, parameters=options.parameters, market=shopping.market())
    except SpecError as error:
        raise SpecError([_where_typed(fault) for fault in error.faults]) from None
    cube = replace(job.cube, items=tuple(pin(each) for each in plan.items if each.kind != "job"))
    return replace(job, extras=replace(job.extras, cube=cube)), plan, shopping


def _where_typed(fault: Fault) -> Fault:
    """What was asked for by an option has no line; its place is the option."""
    typed = not fault.line and fault.path.startswith("extras.reference_prerequisites")
    return replace(fault, path="--require") if typed else fault


def _text(job: model.JobSpec) -> str:
    """The job as it is stored, its secrets masked."""
    values = spec.to_dict(job)
    if job.secrets:
        values["secrets"] = spec.MASK
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"


def _pinned(text: str, job: model.JobSpec) -> str:
    """The job's text with its items pinned, so that it runs again with exactly those."""
    pins = job.cube.items
    return with_value(text, ("extras", "jupyter_cube", "items"), list(pins)) if pins else text


def _listed(names: tuple[str, ...], folder: Path, *, place: str) -> tuple[File, ...]:
    """The files that a job lists, read where it lies."""
    found = []
    for name in names:
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise UsageError(f"the file {name!r} is not below the job's folder", place=place)
        if (folder / name).exists() and not (folder / name).is_file():
            raise UsageError(f"{name!r} is no ordinary file", place=place)  # a pipe would be read without end
        try:
            data = (folder / name).read_bytes()
            found.append(File(name.removeprefix("files/"), data.decode(), (folder / name).stat().st_mode & 0o777))
        except (OSError, UnicodeDecodeError) as error:
            message = f"the file {name!r} cannot be read as text: {error}"
            raise UsageError(message, place=place, hint="paths are relative to the job's file") from error
    return tuple(found)


def _once(*lines: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(lines))


def _with_options(plan: Plan, options: Options, around: Surroundings) -> Plan:
    """Options typed beside a whole job win over it, where they make sense for one."""
    changes: dict[str, Any] = {}
    if options.name:
        changes["name"] = _name(options.name)
    if options.timeout:
        changes["timeout"] = seconds(options.timeout, "--timeout")
    if options.tags:
        changes["tags"] = (*plan.tags, *options.tags)
    if options.env:
        changes["env"] = {**plan.env, **options.env}
    if options.grace is not None:
        changes["grace"] = options.grace
    if options.cwd:
        cwd = around.path(options.cwd)
        changes["roles"] = tuple(replace(role, cwd=cwd) for role in plan.roles)
    return replace(plan, **changes)


def _composed(
    options: Options,
    around: Surroundings,
    command: str,
    *,
    files: tuple[File, ...] = (),
    private: Mapping[str, bytes] | None = None,
    default_name: str = "cell",
    inputs: tuple[str, ...] = (),
) -> Composed:
    exported = [f"export {_variable(name)}={shlex.quote(value)}" for name, value in options.env.items()]
    role = model.TaskRole(
        instances=at_least(options.instances, 1, "--instances"),
        task_retry_count=at_least(options.retries, 0, "--retries"),
        docker_image="image",
        resources=model.Resources(
            cpu=at_least(options.cpu, 0, "--cpu", default=1),
            memory_mb=mebibytes(options.memory),
            gpu=at_least(options.gpu, 0, "--gpu"),
            ports=options.ports,
        ),
        commands=(*exported, command),
    )
    image = options.image or f"python:{sys.version_info[0]}.{sys.version_info[1]}"
    cube = extras.Cube(
        backend=options.backend or "local",
        cwd=around.path(options.cwd),
        files=tuple(f"files/{one.path}" for one in files),
        timeout=seconds(options.timeout, "--timeout"),
        rank=ROLE if options.rank else "",
        inputs=inputs,
        outputs=options.outputs,
        tags=options.tags,
        strict=False,
    )
    job = model.JobSpec(
        name=_name(options.name or default_name),
        prerequisites=(model.DockerImage(type="dockerimage", name="image", uri=image),),
        task_roles={ROLE: role},
        extras=extras.Extras(cube=cube),
    )
    job, plan, shopping = _compiled(job, replace(options, parameters={}))
    grace = plan.grace if options.grace is None else options.grace
    plan = replace(plan, files=(*plan.files, *files), grace=grace)
    about_image = (f"--image has no effect here: {model.NO_IMAGE}",) if options.image else ()
    everything = {"base.env": _environment(around), **(private or {})}
    if job.secrets:
        everything["secrets.json"] = json.dumps(job.secrets).encode()
    notes = (*_renamed(options), *about_image, *plan.warnings)
    return Composed(plan, _text(job), everything, notes, shopping, job)


def _variable(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise UsageError(f"{name!r} cannot be a variable's name", place="--env", hint="use letters, digits and _")
    return name


def _environment(around: Surroundings) -> bytes:
    inherited = kernel.task_environment(around.environ, executable=around.python)
    kept = {name: value for name, value in inherited.items() if not name.startswith("CUBE_") or name in _CUBE_PASSED_ON}
    return os.fsencode(wrapper.exports(kept))


def _renamed(options: Options) -> tuple[str, ...]:
    """A line where the name that was typed cannot be a job's as it is."""
    name = _name(options.name) if options.name else ""
    return () if name == options.name else (f"the job's name is {name}: names are of letters, digits, - and _",)


def _name(text: str) -> str:
    name = re.sub(r"[^a-zA-Z0-9_-]+", "-", text).strip("-")[:255]
    if not name:
        raise UsageError(f"{text!r} cannot be a job's name", hint="use letters, digits, - and _")
    return name
