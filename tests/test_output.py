"""``jupyter cube`` where its output is closed, full or read by somebody who leaves."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from test_cli import COMMAND, folder, run

from jupyter_cube import api
from jupyter_cube.lifecycle.state import State

__all__ = ["folder"]  # a fixture


def test_a_reader_that_leaves_early_is_no_error(capsys) -> None:
    Path("long.sh").write_text("seq 1 200000\n")
    run(capsys, "submit", "long.sh", "--wait", "--name", "long")
    line = f"{' '.join(COMMAND)} logs long | head -n 2; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "1\n2\n141\n"
    assert done.stderr == ""


def in_bash(line: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of ``CUBE ...`` with redirections, as a shell runs it."""
    words = ["bash", "-c", line.replace("CUBE", " ".join(COMMAND))]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout, done.stderr


FULL = "standard output cannot be written: No space left on device\n"


@pytest.mark.parametrize("verb", ["jobs", "logs bad", "logs bad --json", "help", "--version", "completion bash"])
@pytest.mark.parametrize(
    ("streams", "code", "err"),
    [(">&-", 0, ""), (">/dev/full", 3, FULL), (">/dev/full 2>&1", 3, ""), ("<&- >&- 2>&-", 0, "")],
)
def test_a_closed_or_full_output_ends_in_one_line_at_most(capsys, verb, streams: str, code: int, err: str) -> None:
    run(capsys, "submit", "bad.sh", "--wait", "--name", "bad")
    assert in_bash(f"CUBE {verb} {streams}") == (code, "", err)


@pytest.mark.parametrize("streams", ["2>&-", "2>/dev/full"])
def test_messages_that_nobody_can_read_go_nowhere_else(capsys, streams: str) -> None:
    assert in_bash(f"CUBE describe nothing {streams}") == (2, "", "")
    assert in_bash(f"CUBE submit bad.sh --follow {streams}") == (1, "boom\n", "")
    assert in_bash(f"CUBE submit good.sh --wait --name x {streams}")[0] == 0
    assert api.job("x").state is State.SUCCEEDED


def test_a_job_whose_id_cannot_be_printed_is_named_all_the_same() -> None:
    code, _, err = in_bash("CUBE submit good.sh --name good >/dev/full")
    assert code == 3
    assert err.startswith("submitted good; its log: ")
    assert err.endswith(FULL)
    assert api.job("good").wait(20) is State.SUCCEEDED


def test_files_are_not_opened_in_the_place_of_a_closed_output() -> None:
    assert in_bash("CUBE submit good.sh --wait --name quiet >&- 2>&- <&-")[0] == 0
    assert [line.line for line in api.job("quiet").lines()] == ["one", "two"]


def test_both_streams_into_a_reader_that_leaves() -> None:
    Path("long.sh").write_text("seq 1 200000\n")
    line = "set -o pipefail; CUBE submit long.sh --follow 2>&1 | head -n 1; echo ${PIPESTATUS[0]}"
    code, out, err = in_bash(line)
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "141"
