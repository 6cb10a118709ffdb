"""One key more in a job's text."""

from __future__ import annotations

import pytest
from example_job import JOB

from jupyter_cube.submitting.insertion import with_value
from jupyter_cube.text.document import read

PATH = ("extras", "jupyter_cube", "items")


@pytest.mark.parametrize(
    "rest",
    [
        "",
        "extras:\n",
        "extras: {}\n",
        "extras: {a: 1}\n",
        "extras: {a: 1,}  # why\n",
        "extras:\n  a: 1\n  b: |\n    text\n\n    more\n# a comment\n",
        "extras: # why\n  jupyter_cube:\n    # first\n    cwd: /tmp\n",
        "extras:\n    jupyter_cube: {cwd: /tmp}\nname2: x\n",
        "extras:\n  jupyter_cube:\n",
        "extras:\n  jupyter_cube:\n    items: [old]\n    cwd: /x\n",
        "extras: &anchor\n  a: 1\n",
    ],
)
def test_the_key_is_there_and_all_else_as_before(rest: str) -> None:
    text = JOB + rest
    changed = with_value(text, PATH, ["mine/a@1.0.0 sha256:0"])
    before, after = read(text).root, read(changed).root
    assert before is not None
    assert after is not None
    expected = before.plain()
    cube = (expected.setdefault("extras", None) or {}).get("jupyter_cube") or {}
    expected["extras"] = {**(expected["extras"] or {}), "jupyter_cube": {**cube, "items": ["mine/a@1.0.0 sha256:0"]}}
    assert after.plain() == expected
    for comment in ("# why", "# a comment", "# first"):
        assert (comment in text) == (comment in changed)
