"""The table of verbs and options. Parser, help, completion and the documentation are all made from it."""

from __future__ import annotations

from jupyter_cube.lifecycle.state import State
from jupyter_cube.verbs.item_verbs import VERBS_ABOUT_ITEMS
from jupyter_cube.verbs.option import JSON, Option, Verb, count, identifier, names, number, pair, port, tags

_STATES = tuple(State.__members__)
_JOB = Option(
    ("ID",), "the job's name or id, or the id's first characters", "job", "ID", required=True, completes="job"
)
_JOBS = Option(
    ("ID",), "names, ids, or ids' first characters", "jobs", "ID", repeat=True, required=True, completes="job"
)
_TASK = Option(("--task",), "only this task, such as worker-0", "task", "TASK", completes="task")

REQUIRED = "ITEM[:VARIABLE=VALUE,...]"
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
    Option(("--require",), _REQUIRE, "require", REQUIRED, repeat=True, completes="item"),
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
            JSON,
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
            JSON,
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
            JSON,
        ),
        ("logs train --follow", "logs train --task worker-1 --tail 20", "logs train --search Error"),
    ),
    Verb("describe", "show all that is known of a job", (_JOB, JSON), ("describe train",)),
    Verb("wait", "return when the jobs have ended, fail if one failed", (_JOBS, JSON), ("wait train",)),
    Verb(
        "stop",
        "stop jobs: TERM, then KILL after the grace",
        (_JOBS, Option(("--reason",), "why, kept in the job's record", "reason", "TEXT"), JSON),
        ("stop train",),
    ),
    Verb(
        "retry",
        "run a job again, as its next attempt",
        (_JOB, Option(("--failed",), "only the tasks that did not succeed", "failed"), JSON),
        ("retry train --failed",),
    ),
    Verb("delete", "delete jobs that have ended, with their logs", (_JOBS, JSON), ("delete train",)),
    Verb(
        "debug",
        "open a shell in a task's folder, environment and mounts; or let a held task end",
        (
            _JOB,
            _TASK,
            Option(("--release",), "end what holds failed tasks: their taskFails callbacks succeed", "release"),
            JSON,
        ),
        ("debug train --task worker-1", "debug train --release"),
    ),
    Verb(
        "check",
        "say what is wrong in job files; nothing is started",
        (Option(("FILE",), "job files", "files", "FILE", repeat=True, required=True, completes="file"), JSON),
        ("check job.yaml",),
    ),
    Verb(
        "plan",
        "show what a submit would run; nothing is started",
        (Option(("FILE",), "as for submit", "file", "FILE", completes="file"), *_ABOUT_THE_JOB, JSON),
        ("plan job.yaml --json", "plan --require mnist -- python train.py"),
        words=True,
    ),
    Verb(
        "clean",
        "delete old jobs that have ended, or what jobs share",
        (
            Option(("--keep",), "keep this many of the newest", "keep", "N", count),
            Option(
                ("--older-than",),
                "only jobs that ended this long ago (used last): 12h, 30d",
                "older_than",
                "TIME",
            ),
            Option(("--size",), "delete the oldest until the jobs (the cache) are this small: 5G", "size", "SIZE"),
            Option(("--cache",), "not jobs, but what they share: data, environments, downloads", "cache"),
            Option(("--dry-run",), "only say what would be deleted", "dry_run"),
            JSON,
        ),
        ("clean --older-than 30d --dry-run", "clean --keep 100", "clean --cache --older-than 30d"),
    ),
    *VERBS_ABOUT_ITEMS,
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
