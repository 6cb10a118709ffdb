"""The notebook's values that go along with a cell."""

from __future__ import annotations

import ast
import json
import os.path
import pickle
import sys
import textwrap
import threading
import types
from pathlib import Path
from typing import Any

import pytest

from jupyter_cube.cells import names, values
from jupyter_cube.task import pickling


def gather(text: str, namespace: dict[str, Any], **options: Any) -> values.Inputs:
    return values.inputs(names.analyse(ast.parse(textwrap.dedent(text))), namespace, **options)


@pytest.fixture
def main(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """A main module like a notebook's or a task's, in place of the test runner's."""
    module = types.ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", module)
    return module


def notebook(main: types.ModuleType, source: str) -> dict[str, Any]:
    exec(textwrap.dedent(source), vars(main))
    return vars(main)


def received(sent: values.Inputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What a task finds in its main module."""
    assert sent.faults == ()
    task = types.ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", task)
    path = tmp_path / "inputs"
    path.write_bytes(sent.blob)
    pickling.read_inputs(str(path), vars(task))
    return vars(task)


def test_what_the_cell_uses_goes_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    space = {"lr": 0.1, "df": {"a": [1]}, "unused": 1, "x": 5, "json": json, "p": os.path, "In": [], "_": 3, "exit": 4}
    sent = gather("x = lr\nprint(df, json, p, In, _, exit, len)", space)
    assert sent.names == ("lr", "df", "json", "p")
    assert sent.notes == ("sends lr, df; imports json, p",)
    found = received(sent, tmp_path, monkeypatch)
    assert {name: found[name] for name in sent.names} == {"lr": 0.1, "df": {"a": [1]}, "json": json, "p": os.path}
    assert "x" not in found


def test_a_cell_that_uses_nothing_sends_nothing() -> None:
    assert gather("x = 1\nx", {"x": 1, "y": 2}) == values.Inputs()


def test_a_name_of_python_that_the_notebook_has_changed_goes_along() -> None:
    assert gather("print(sum, len)", {"sum": 3, "len": len}).names == ("sum",)


def test_ipythons_own_open_and_display_do_not_go_along(ipython) -> None:
    assert ipython.user_ns["open"] is not open, "it is a wrapper"
    assert gather("with open('x') as file: display(file)", ipython.user_ns) == values.Inputs()
    assert gather("open()", {"open": print}).names == ("open",), "the notebook's own does"


def test_shared_objects_stay_shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = [1, 2]
    found = received(gather("model, step", {"model": [weights], "step": {"w": weights}}), tmp_path, monkeypatch)
    found["step"]["w"].append(3)
    assert found["model"] == [[1, 2, 3]]


def test_plain_values_need_no_cloudpickle(tmp_path: Path) -> None:
    numpy = pytest.importorskip("numpy")
    sent = gather("a, b, c", {"a": numpy.arange(4), "b": {"x": (1, "y")}, "c": Path("z")})
    assert b"cloudpickle" not in sent.blob


def test_functions_and_classes_go_along_with_what_they_use(
    main: types.ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = notebook(
        main,
        """
        import math
        rate, other = 2, 3
        def inner(x): return math.floor(x * rate)
        def helper(x): return inner(x) + 1
        class Net:
            def run(self): return helper(1.5)
            @property
            def size(self): return other
        net = Net()
        """,
    )
    sent = gather("net.run()", space)
    assert set(sent.names) == {"net", "Net", "helper", "inner", "rate", "other", "math"}
    found = received(sent, tmp_path, monkeypatch)
    assert found["net"].run() == 4
    assert found["net"].size == 3
    assert type(found["net"]) is found["Net"]


def test_functions_see_what_the_cell_assigns(
    main: types.ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = notebook(main, "lr = 1\ndef step(): return lr")
    found = received(gather("lr = 5\nstep()", space), tmp_path, monkeypatch)
    exec("lr = 5\nseen = step()", found)
    assert found["seen"] == 5


def test_modules_below_a_module_are_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import xml.dom.minidom

    sent = gather("xml.dom.minidom.parseString('<a/>')", {"xml": xml})
    monkeypatch.delitem(sys.modules, "xml.dom.minidom")
    received(sent, tmp_path, monkeypatch)
    assert "xml.dom.minidom" in sys.modules


def test_what_cannot_be_pickled_is_named_with_the_reason() -> None:
    made = types.ModuleType("made_up")
    sent = gather("a, lock, b, gen, made", {"a": 1, "lock": threading.Lock(), "b": 2, "gen": iter(zip()), "made": made})
    assert sent.names == ("a", "b", "gen")
    assert sent.notes == (
        "sends a, b, gen",
        "not sent: made (a module that cannot be imported by its name)",
        "not sent: lock (cannot be pickled: TypeError: cannot pickle '_thread.lock' object)",
    )


def test_big_values_are_shown_with_their_size() -> None:
    assert gather("a, b", {"a": b"x" * 12_340_000, "b": 1}).notes == ("sends a (12.3 MB), b",)


def test_too_much_is_a_fault_that_names_the_biggest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values, "LIMIT", 3_000_000)
    space = {"a": b"x" * 1_500_000, "b": b"y" * 2_500_000}
    (fault,) = gather("\na, b", space).faults
    assert (fault.line, fault.message) == (
        2,
        "b has 2.5 MB, and values of more than 3 MB in all are not sent unasked",
    )
    assert fault.hint == "save it to a file that the cell reads, or send it all the same: --in a,b"
    assert gather("a, b", space, names=["a", "b"]).faults == ()


# ---- names that were asked for


def test_only_the_named_values_go_along_and_the_modules() -> None:
    sent = gather("a, b, json", {"a": 1, "b": 2, "c": 3, "json": json}, names=["a", "c"])
    assert sent.names == ("a", "c", "json")
    assert sent.notes == ("sends a, c; imports json", "not sent: b (the cell uses it, and --in does not name it)")


def test_mistakes_in_named_values_are_faults_all_at_once() -> None:
    faults = gather("x = 1", {"learning": 1, "lock": threading.Lock()}, names=["learing", "zzz"]).faults
    assert [str(fault) for fault in faults] == [
        "--in: the notebook has no 'learing'; did you mean 'learning'?",
        "--in: the notebook has no 'zzz'; known: learning, lock",
    ]
    (fault,) = gather("x = 1", {"lock": threading.Lock()}, names=["lock"]).faults
    assert fault.message == "lock cannot be pickled: TypeError: cannot pickle '_thread.lock' object"


# ---- secrets: made up from parts, so that no scanner takes them for real ones

TOKENS = {
    "aws": "AKIA" + "ABCDEFGHIJKLMNOP",
    "github": "ghp_" + "a1" * 18,
    "openai": "sk-" + "proj-" + "a1B2" * 8,
    "slack": "xoxb-" + "1234567890-abc",
    "jwt": "eyJhbGciOiJIUzI1" + ".eyJzdWIiOiIxMjM0" + ".c2lnbmF0dXJl",
    "pem": "-----BEGIN RSA " + "PRIVATE KEY-----\nabc",
    "header": "Bearer " + "ghp_" + "a1" * 18,
}


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
@pytest.mark.parametrize("encode", [False, True], ids=["str", "bytes"])
def test_tokens_are_not_sent_unless_named(token: str, encode: bool) -> None:
    space = {"lr": 1, "value": token.encode() if encode else token}
    (fault,) = gather("lr\nvalue", space).faults
    assert (fault.line, fault.hint) == (2, "add --in lr,value")
    assert fault.message == "value looks like a secret and is not sent unless you name it"
    assert token not in str(fault)
    assert gather("lr\nvalue", space, names=["lr", "value"]).names == ("lr", "value")
    assert gather("lr", space).faults == ()


@pytest.mark.parametrize("name", ["password", "DB_PASSWORD", "mySecret", "api_key", "OPENAI_API_KEY"])
def test_names_of_secrets(name: str) -> None:
    assert len(gather(name, {name: "hunter2"}).faults) == 1
    assert gather(name, {name: 12}).faults == ()
    assert gather(name, {name: ""}).faults == ()


@pytest.mark.parametrize(
    "text", ["a text on " + "sk-learn-and-its-many-estimators " * 200, "password", "task-oriented", "s3://bucket/AKIA"]
)
def test_ordinary_texts_go_along(text: str) -> None:
    assert gather("text", {"text": text}).faults == ()


def test_a_secret_of_a_function_is_found(main: types.ModuleType) -> None:
    space = notebook(main, "api_key = 'abc'\ndef ask(): return api_key")
    (fault,) = gather("\nask()", space).faults
    assert (fault.line, fault.hint) == (2, "add --in ask,api_key")
    assert fault.message == "ask uses api_key, which looks like a secret and is not sent unless you name it"


# ---- the other side


def test_a_missing_module_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "inputs"
    header = {"python": "2.7", "modules": {"nope": "no_such_module"}, "submodules": [], "values": []}
    path.write_bytes(pickle.dumps(header))
    with pytest.raises(SystemExit) as caught:
        pickling.read_inputs(str(path), {})
    assert caught.value.code == (
        "jupyter-cube: no_such_module cannot be had in this task: ModuleNotFoundError: No module named "
        f"'no_such_module' (its Python is {sys.executable}, the notebook's is 2.7)"
    )
