"""The table of verbs and options. Parser, help, completion and the documentation are all made from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jupyter_cube.state import State


@dataclass(frozen=True, slots=True)
class Option:
    """One option or, where its flag has no dash, one positional word.

    Attributes:
        flags: as typed, the long one first.
        help: what it does, with its unit, no full stop.
        field: its name among the parsed values.
        metavar: stands for its value; empty: it takes none.
        convert: text to value; raises ValueError with what is wrong.
        repeat: it may be typed several times (an option) or takes all words that follow (a positional).
        required: a positional that may not be left out.
        choices: the only values there are.
        only: ``cell`` or ``notebook``: the only place where it makes sense.
        completes: what its value is completed from: ``job``, ``task``, ``file``, ``name`` (of the notebook) or nothing.
    """

    flags: tuple[str, ...]
    help: str
    field: str
    metavar: str = ""
    convert: Callable[[str], Any] = str
    repeat: bool = False
    required: bool = False
    choices: tuple[str, ...] = ()
    completes: str = ""
    only: str = ""

    @property
    def positional(self) -> bool:
        return not self.flags[0].startswith("-")


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb: its options and what its help says. ``words``: it takes a command after ``--``."""

    name: str
    summary: str
    options: tuple[Option, ...]
    examples: tuple[str, ...]
    words: bool = False

    @property
    def positionals(self) -> tuple[Option, ...]:
        return tuple(option for option in self.options if option.positional)

    def option(self, flag: str) -> Option | None:
        return next((option for option in self.options if flag in option.flags), None)


def count(text: str) -> int:
    """A whole number, not negative."""
    if not text.isascii() or not text.isdigit():
        raise ValueError(f"{text!r} is not a whole number")
    return int(text)


def number(text: str) -> float:
    """A number, not negative."""
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None
    if not 0 <= value < float("inf"):
        raise ValueError(f"{text!r} is not a number of 0 or more")
    return value


def names(text: str) -> tuple[str, ...]:
    """``a,b`` as names of Python values."""
    found = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in found:
        identifier(name)
    return found


def identifier(text: str) -> str:
    """A name that a value can be bound to."""
    import keyword

    if not text.isidentifier() or keyword.iskeyword(text):
        raise ValueError(f"{text!r} is no name of a Python variable")
    return text


def pair(text: str) -> tuple[str, str]:
    """``NAME=VALUE``."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise ValueError(f"{text!r} is not NAME=VALUE")
    return name.strip(), value


def port(text: str) -> tuple[str, int]:
    """``LABEL`` or ``LABEL=COUNT``."""
    label, equals, amount = text.partition("=")
    return label, count(amount) if equals else 1


def tags(text: str) -> tuple[str, ...]:
    """``a,b`` as words."""
    return tuple(tag.strip() for tag in text.split(",") if tag.strip())


_STATES = tuple(State.__members__)
_JSON = Option(("--json",), "print JSON; messages for people go to stderr", "json")
_JOB = Option(("ID",), "the job's id, the beginning of it, or its name", "job", "ID", required=True, completes="job")
_JOBS = Option(("ID",), "ids, beginnings of them, or names", "jobs", "ID", repeat=True, required=True, completes="job")
_TASK = Option(("--task",), "only this task, such as worker-0", "task", "TASK", completes="task")

_REQUIRE = "an item that the tasks need first: mnist:dataPath=/data/mnist"

_ABOUT_THE_JOB = (
    Option(("--name",), "the job's name", "name", "NAME"),
    Option(("--instances",), "how many tasks run it at the same time", "instances", "N", count),
    Option(("--gpu",), "GPUs a task", "gpu", "N", count),
    Option(("--cpu",), "CPUs a task", "cpu", "N", count),
    Option(("--memory",), "memory a task may use: MiB, or with a unit: 4G", "memory", "SIZE"),
    Option(("--backend",), "where it runs", "backend", "NAME"),
    Option(("--image",), "container image, where the backend uses one", "image", "IMAGE"),
    Option(("--out",), "values that come back: x,y", "outputs", "NAMES", names, completes="name"),
    Option(("--parameter", "-p"), "fill a parameter of the job", "parameters", "NAME=VALUE", pair, repeat=True),
    Option(("--env",), "set an environment variable of the tasks", "env", "NAME=VALUE", pair, repeat=True),
    Option(("--cwd",), "working folder of the tasks", "cwd", "FOLDER", completes="file"),
    Option(("--timeout",), "stop the job as failed after this time: 90 (seconds), 5m, 2h", "timeout", "TIME"),
    Option(("--retries",), "how often a failed task is tried again", "retries", "N", count),
    Option(("--grace",), "seconds a task has to end when it is stopped", "grace", "SECONDS", number),
    Option(("--rank",), "set RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT and LOCAL_RANK", "rank"),
    Option(("--port",), "free ports a task gets under a label", "ports", "LABEL[=N]", port, repeat=True),
    Option(("--tag",), "tags to find the job by: a,b", "tags", "TAGS", tags, repeat=True),
    Option(("--require",), _REQUIRE, "require", "ITEM[:VARIABLE=VALUE,...]", repeat=True, completes="item"),
    Option(("--yes",), "allow the items that are used for the first time", "yes"),
)
_INPUTS = "values the cell gets: a,b; without it those it uses"
_ABOUT_THE_CELL = (
    Option(("--shell",), "the cell is shell, run by bash", "shell", only="cell"),
    Option(("--yaml",), "the cell is an OpenPAI job, whatever it begins with", "yaml", only="cell"),
    Option(("--in",), _INPUTS, "inputs", "NAMES", names, completes="name", only="cell"),
    Option(("--as",), "bind the job to this variable of the notebook", "bind", "NAME", identifier, only="notebook"),
    Option(("--detach",), "return at once, also in headless runs of a notebook", "detach", only="notebook"),
)

VERBS: tuple[Verb, ...] = (
    Verb(
        "submit",
        "submit a cell, a file or a command as a job",
        (
            Option(("FILE",), "a job (.yaml), a Python or a shell script", "file", "FILE", completes="file"),
            Option(("--follow",), "show the merged log until the end; an interrupt leaves the job running", "follow"),
            Option(("--wait",), "return when the job has ended, fail if it failed", "wait"),
            *_ABOUT_THE_CELL,
            *_ABOUT_THE_JOB,
            _JSON,
        ),
        ("submit train.py --gpu 1 --follow", "submit job.yaml -p lr=0.1", "submit --instances 4 -- python train.py"),
        words=True,
    ),
    Verb(
        "jobs",
        "list jobs, the newest first",
        (
            Option(("--state",), "only jobs in this state", "state", "STATE", str.upper, choices=_STATES),
            Option(("--name",), "only jobs with this in their name", "name", "NAME", completes="job"),
            Option(("--tag",), "only jobs with this tag", "tag", "TAG"),
            Option(("--limit",), "at most this many (default 20; 0: all)", "limit", "N", count),
            _JSON,
        ),
        ("jobs", "jobs --state RUNNING"),
    ),
    Verb(
        "logs",
        "show the merged log of a job's tasks",
        (
            _JOB,
            Option(("--follow", "-f"), "go on until the job ends", "follow"),
            _TASK,
            Option(("--tail", "-n"), "only the last lines", "tail", "N", count),
            Option(("--cursor",), "begin after this place of the log", "cursor", "N", count),
            Option(("--search",), "only lines with this text", "search", "TEXT"),
            Option(("--regex",), "the text to search is a regular expression", "regex"),
            _JSON,
        ),
        ("logs train --follow", "logs train --task worker-1 --tail 20", "logs train --search Error"),
    ),
    Verb("describe", "show all that is known of a job", (_JOB, _JSON), ("describe train",)),
    Verb("wait", "return when the jobs have ended, fail if one failed", (_JOBS, _JSON), ("wait train",)),
    Verb(
        "stop",
        "stop jobs: TERM, then KILL after the grace",
        (_JOBS, Option(("--reason",), "why, kept in the job's record", "reason", "TEXT"), _JSON),
        ("stop train",),
    ),
    Verb(
        "retry",
        "run a job again, as its next attempt",
        (_JOB, Option(("--failed",), "only the tasks that did not succeed", "failed"), _JSON),
        ("retry train --failed",),
    ),
    Verb("delete", "delete jobs that have ended, with their logs", (_JOBS, _JSON), ("delete train",)),
    Verb(
        "debug",
        "open a shell in a task's folder and environment",
        (_JOB, _TASK, _JSON),
        ("debug train --task worker-1",),
    ),
    Verb(
        "check",
        "say what is wrong in job files; nothing is started",
        (Option(("FILE",), "job files", "files", "FILE", repeat=True, required=True, completes="file"), _JSON),
        ("check job.yaml",),
    ),
    Verb(
        "plan",
        "show what a submit would run; nothing is started",
        (Option(("FILE",), "as for submit", "file", "FILE", required=True, completes="file"), *_ABOUT_THE_JOB, _JSON),
        ("plan job.yaml --json",),
    ),
    Verb(
        "clean",
        "delete old jobs that have ended",
        (
            Option(("--keep",), "keep this many of the newest", "keep", "N", count),
            Option(("--older-than",), "only jobs that ended this long ago: 12h, 30d", "older_than", "TIME"),
            Option(("--size",), "delete the oldest until the store is this small: 5G", "size", "SIZE"),
            Option(("--dry-run",), "only say what would be deleted", "dry_run"),
            _JSON,
        ),
        ("clean --older-than 30d --dry-run", "clean --keep 100"),
    ),
    Verb(
        "completion",
        "print the completion script of a shell",
        (Option(("SHELL",), "which shell", "shell", "SHELL", required=True, choices=("bash", "zsh")),),
        ('eval "$(jupyter cube completion bash)"',),
    ),
)


def verb(name: str) -> Verb | None:
    """The verb of that name."""
    return next((verb for verb in VERBS if verb.name == name), None)
