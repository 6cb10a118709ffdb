"""``jupyter_cube.submit``: what it takes for a file, for text, and for a command."""

from __future__ import annotations

from typing import Any

import pytest

import jupyter_cube
from jupyter_cube.errors import UsageError
from jupyter_cube.lifecycle.state import State


def lines(job: jupyter_cube.Job) -> list[str]:
    assert job.wait(20) is State.SUCCEEDED
    return [line.line for line in job.lines()]


def test_a_list_is_a_command_whose_words_stay_as_they_are() -> None:
    assert lines(jupyter_cube.submit(["printf", "%s\n", "two words", "$HOME"])) == ["two words", "$HOME"]


def test_text_is_a_cell() -> None:
    assert lines(jupyter_cube.submit("print(len('abc'))")) == ["3"]


@pytest.mark.parametrize("source", [None, 3, ["echo", 3], {"a": 1}])
def test_what_is_none_of_these_is_refused(source: Any) -> None:
    with pytest.raises(UsageError, match="is no job; give a path, text, or the words of a command as a list"):
        jupyter_cube.submit(source)
