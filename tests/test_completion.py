"""What Tab offers."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

from jupyter_cube.lifecycle.plan import Plan, Role
from jupyter_cube.notebook.completion import candidates, script
from jupyter_cube.store.folder import JobFolder
from jupyter_cube.store.store import Store


@pytest.fixture
def stored(own_places: Path) -> JobFolder:
    """A job ``train`` with the tasks worker-0, worker-1 and ps-0."""
    plan = Plan("train", (Role("worker", "true", instances=2), Role("ps", "true")))
    record = {"name": "train", "backend": "local", "machine": "", "python": sys.executable}
    return Store(own_places).create(plan, record=record, spec="", private={}, owner_script="", wrapper="")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["sub"], ["submit"]),
        (["de"], ["describe", "delete", "debug"]),
        (["help", "lo"], ["logs"]),
        (["submit", "--na"], ["--name"]),
        (["submit", "--name", "x", "--na"], []),
        (["submit", "--env", "A=1", "--en"], ["--env"]),
        (["jobs", "--state", "S"], ["STOPPING", "STOPPED", "SUCCEEDED"]),
        (["completion", ""], ["bash", "zsh"]),
        (["submit", "tr"], []),
        (["submit", "--cwd", ""], []),
        (["submit", "--", "--na"], []),
        (["nonsense", ""], []),
        (["submit", "--in", "df"], ["df", "dfs"]),
        (["submit", "--in", "lr,df"], ["lr,df", "lr,dfs"]),
        (["submit", "--in", "df,df"], ["df,dfs"]),
        (["submit", "-p", "lr=$l"], ["lr=$lr"]),
    ],
    ids=" ".join,
)
def test_candidates(words: list[str], found: list[str]) -> None:
    assert candidates(words, names=["df", "dfs", "lr"]) == found


def test_all_verbs_at_the_beginning_and_all_options_after_a_dash() -> None:
    assert {"submit", "jobs", "logs", "describe", "wait", "stop", "clean"} <= set(candidates([""]))
    assert {"--follow", "--name", "--gpu", "--json"} <= set(candidates(["submit", "-"]))


def test_jobs_by_name_and_id_and_their_tasks(stored: JobFolder) -> None:
    assert candidates(["logs", ""]) == ["train"]
    assert candidates(["logs", "tra"]) == ["train"]
    assert candidates(["stop", stored.id[:5]]) == [stored.id]
    assert candidates(["stop", "other", stored.id[:5]]) == [stored.id]
    assert candidates(["logs", "train", "--task", ""]) == ["worker-0", "worker-1", "ps-0"]
    assert candidates(["logs", stored.id[:6], "--task", "p"]) == ["ps-0"]
    assert candidates(["logs", "none", "--task", ""]) == []


def test_no_store_is_no_error() -> None:
    assert candidates(["logs", ""]) == []


@pytest.fixture
def shell(ipython: InteractiveShell) -> InteractiveShell:
    """An IPython shell with the magics loaded, and a value."""
    ipython.user_ns["learning_rate"] = 0.1
    return ipython


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("%cube descr", ["describe"]),
        ("%%cube su", ["submit"]),
        ("%%cube submit --she", ["--shell"]),
        ("j = %cube sub", ["submit"]),
        ("a, b = %cube submit --fol", ["--follow"]),
        ("%%cube submit --in learn", ["learning_rate"]),
        ("%%cube submit --in x,learn", ["learning_rate"]),
        ("%cube submit a.py -p lr=$learn", ["learning_rate"]),
        ("%cube jobs --state RUN", ["RUNNING"]),
        ("    %cube descr", ["describe"]),
    ],
)
def test_tab_in_ipython(shell: InteractiveShell, text: str, found: list[str]) -> None:
    assert completed(shell, text) == found


def completed(shell: InteractiveShell, text: str) -> list[str]:
    with provisionalcompleter():
        return [one.text for one in shell.Completer.completions(text, len(text))]


def test_other_lines_are_left_to_ipython(shell: InteractiveShell) -> None:
    assert "%cube" not in completed(shell, "print(learning_r")
    assert "learning_rate" in " ".join(completed(shell, "print(learning_r"))


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["jupyter-cube", "des"], "describe"),
        (["jupyter", "cube", "logs", "tra"], "train"),
        (["jupyter", "lab", "des"], ""),
        (["jupyter", "cu"], ""),
    ],
    ids=" ".join,
)
def test_bash_completes(stored: JobFolder, words: list[str], found: str) -> None:
    text = script("bash", f"{sys.executable} -m jupyter_cube")
    line = " ".join(words)
    asks = f'{text}\nCOMP_WORDS=({line}) COMP_CWORD={len(words) - 1}\n_jupyter_cube\necho "${{COMPREPLY[@]}}"'
    done = subprocess.run(["bash", "--norc", "-c", asks], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.strip() == found
