"""What requires what: order, identity, versions, cycles, and a plain slow model to compare with."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path as Folder
from typing import Any

import pytest
from example_market import Shelf

from jupyter_cube.errors import Fault
from jupyter_cube.marketplace import version
from jupyter_cube.marketplace.graph import LIMIT, Graph, Local, Want, resolve
from jupyter_cube.marketplace.item import Published, parse
from jupyter_cube.marketplace.reference import Reference
from jupyter_cube.plugins.action import Action, Requirement
from jupyter_cube.text.document import Path


def place(path: Path, message: str, *, hint: str = "") -> Fault:
    return Fault(message, path=".".join(map(str, path)), hint=hint)


def graph_of(text: str, *wanted: str | Requirement, local: Mapping[str, Action] | None = None) -> Graph:
    wants = [
        Want(each if isinstance(each, Requirement) else Requirement(each), ("wanted", number))
        for number, each in enumerate(wanted)
    ]
    known = {name: Local(name, action, ("local", name)) for name, action in (local or {}).items()}
    return resolve(wants, find=Shelf(text).find, local=known, place=place)


def item(name: str, *requires: str, also: str = "") -> str:
    lines = "".join(f"  - {each}\n" for each in requires)
    return f"- name: {name}\n{also}" + (f"  require:\n{lines}" if lines else "")


def uri(name: str) -> str:
    return f"marketplace://name/{name}"


def order(graph: Graph) -> list[str]:
    assert graph.faults == ()
    return [node.name for node in graph.nodes]


def faults(graph: Graph) -> list[str]:
    return [str(fault) for fault in graph.faults]


def test_what_is_required_runs_first_and_once() -> None:
    text = item("a", uri("c"), uri("b")) + item("b", uri("d")) + item("c", uri("d")) + item("d")
    assert order(graph_of(text, uri("a"), uri("b"))) == ["d", "c", "b", "a"]


def test_the_same_item_with_other_variables_runs_twice() -> None:
    text = "- name: data\n  template_variables: [path]\n"
    wants = [Requirement(uri("data"), {"path": path}, bare=False) for path in ("/a", "/b", "/a")]
    graph = graph_of(text, *wants)
    assert [node.values["path"] for node in graph.nodes] == ["/a", "/b"]


def test_values_of_one_item_are_handed_to_the_next() -> None:
    text = (
        "- name: outer\n  template_variables: [root]\n  require:\n"
        "  - name: marketplace://name/inner\n    template_variables: {path: '{{ root }}/x', flags: [1, '{{ root }}']}\n"
        "- name: inner\n  template_variables: {path: , flags: , depth: {default: 3}}\n"
    )
    graph = graph_of(text, Requirement(uri("outer"), {"root": "/r"}, bare=False))
    assert dict(graph.nodes[0].values) == {"path": "/r/x", "flags": [1, "/r"], "depth": 3}


def test_a_cycle_is_named_with_its_way() -> None:
    text = item("a", uri("b")) + item("b", uri("c")) + item("c", uri("b"))
    (fault,) = faults(graph_of(text, uri("a")))
    assert "b -> c -> b" in fault


def test_other_variables_do_not_hide_a_cycle() -> None:
    text = (
        "- name: a\n  template_variables: [n]\n  require:\n"
        "  - {name: 'marketplace://name/a', template_variables: {n: '{{ n }}+'}}\n"
    )
    (fault,) = faults(graph_of(text, Requirement(uri("a"), {"n": "0"}, bare=False)))
    assert "a -> a" in fault


def test_a_prerequisite_of_the_job_may_be_named_like_its_item() -> None:
    local = {"mnist": Action(require=(Requirement(uri("mnist"), bare=False),))}
    graph = graph_of(item("mnist"), "mnist", local=local)
    assert order(graph) == ["mnist", "mnist"]
    assert isinstance(graph.nodes[0].subject, Published)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, "the template variable 'path' of data@1.0.0 has no value; fill it, it is declared in items.yaml:4"),
        ({"path": "/a", "pth": 1}, "data@1.0.0 has no template variable 'pth'; did you mean 'path'?"),
        ({"path": "/a", "n": "x"}, "'n' of data@1.0.0 must be a whole number, not 'x'"),
        ({"path": "/a", "n": 9}, "'n' of data@1.0.0 is 9, 5 is the most"),
        ({"path": "/a", "mode": "z"}, "'mode' of data@1.0.0 is 'z', which is none of x, y"),
        ({"path": "/a", "token": "t0p"}, "'token' of data@1.0.0 is a secret; put it under secrets"),
    ],
)
def test_variables_are_checked(values: dict[str, Any], expected: str) -> None:
    text = (
        "- name: data\n  kind: dataset\n  template_variables:\n  - {name: path, type: path}\n"
        "  - {name: n, type: int, default: 1, maximum: 5}\n"
        "  - {name: mode, type: choice, choices: [x, y], default: x}\n"
        "  - {name: token, type: secret, default: ''}\n"
    )
    (fault,) = faults(graph_of(text, Requirement(uri("data"), values, bare=False)))
    assert expected in fault


def test_all_faults_come_at_once() -> None:
    text = item("a", uri("nope"), "b") + "- name: v\n  template_variables: [x]\n"
    found = faults(graph_of(text, uri("a"), uri("v"), "local", "marketplace://wrong"))
    for part in (
        "there is no item 'nope' (required by a@1.0.0)",
        "a@1.0.0 requires 'b', which is no item",
        "the template variable 'x' of v@1.0.0 has no value",
        "there is no prerequisite 'local'",
        "'marketplace://wrong' names no item",
    ):
        assert any(part in fault for fault in found), (part, found)


VERSIONS = "".join(f"- {{name: x, version: {number}}}\n" for number in ("1.0.0", "1.2.0", "1.9.0", "2.0.0"))


@pytest.mark.parametrize(
    ("wishes", "expected"),
    [
        (["x"], "2.0.0"),
        (["x@1"], "1.9.0"),
        (["x", "x@1"], "1.9.0"),
        (["x@1", "x@1.2"], "1.2.0"),
        (["x@1", "x@1.0.0"], "1.0.0"),
        (["x@latest", "x@1.2.0", "x"], "1.2.0"),
        (["x@2", "x@1.2.0"], "1.2.0"),
    ],
)
def test_one_version_for_a_role(wishes: list[str], expected: str) -> None:
    text = VERSIONS + "".join(item(f"n{number}", uri(wish)) for number, wish in enumerate(wishes))
    graph = graph_of(text, *(uri(f"n{number}") for number in range(len(wishes))))
    assert graph.faults == ()
    subjects = [node.subject for node in graph.nodes if node.name == "x"]
    assert [each.item.version for each in subjects if isinstance(each, Published)] == [expected]


@pytest.mark.parametrize("wishes", [("1.0.0", "1.2.0"), ("1", "2")])
def test_versions_that_exclude_each_other_are_named(wishes: tuple[str, str]) -> None:
    text = VERSIONS + item("a", uri(f"x@{wishes[0]}")) + item("b", uri(f"x@{wishes[1]}"))
    (fault,) = faults(graph_of(text, uri("a"), uri("b")))
    assert f"x is needed as {wishes[0]} by a@1.0.0 and as {wishes[1]} by b@1.0.0" in fault


def test_a_pin_that_a_pinned_version_brings_is_heard() -> None:
    # the newest a wants nothing of x, the pinned one does
    text = (
        VERSIONS
        + "- {name: a, version: 2.0.0}\n- name: a\n  version: 1.0.0\n  require: ['marketplace://name/x@1.0.0']\n"
    )
    graph = graph_of(text, uri("a"), uri("a@1.0.0"), uri("x"))
    assert [node.subject.item.label for node in graph.nodes if isinstance(node.subject, Published)] == [
        "x@1.0.0",
        "a@1.0.0",
    ]


def test_too_many_are_refused() -> None:
    text = "- name: a\n  template_variables: [n]\n"
    wants = [Requirement(uri("a"), {"n": number}, bare=False) for number in range(LIMIT + 2)]
    assert any("20,000" in fault for fault in faults(graph_of(text, *wants)))


def test_a_deep_chain_is_no_recursion() -> None:
    count = 5000
    text = "".join(item(f"n{n}", *([uri(f"n{n + 1}")] if n + 1 < count else [])) for n in range(count))
    assert order(graph_of(text, uri("n0")))[:2] == [f"n{count - 1}", f"n{count - 2}"]


# ---- a plain slow model


class Refused(Exception):  # noqa: N818 (it is the model's answer)
    """The model refuses the whole."""


Ran = tuple[str, str, int]  # name, version and value


def model(shelf: Shelf, wanted: list[Ran]) -> list[Ran]:
    """What runs, in order: written for reading, copying its whole way at every step."""
    pins: dict[str, str] = {}
    while True:
        ran: list[Ran] = []
        wishes: dict[str, list[str]] = {}
        for name, wish, value in wanted:
            model_walk(shelf, pins, ran, wishes, (name, wish, value), ())
        changed = False
        for name, asked in wishes.items():
            exact = {wish for wish in asked if version.exact(wish)}
            if len(exact) > 1:
                raise Refused
            fitting = [one for one in shelf.items[name] if all(exact or version.fits(one, wish) for wish in asked)]
            chosen = exact.pop() if exact else version.newest(fitting)
            if not chosen:
                raise Refused
            if len(asked) > 1 and pins.get(name) != chosen:
                pins[name], changed = chosen, True
        if not changed:
            return ran


def model_walk(
    shelf: Shelf, pins: dict[str, str], ran: list[Ran], wishes: dict[str, list[str]], want: Ran, way: tuple[str, ...]
) -> None:
    name, wish, value = want
    if wish not in wishes.setdefault(name, []):
        wishes[name].append(wish)
    chosen = version.newest(shelf.items.get(name, {}), wish)
    if name in way or not chosen:
        raise Refused
    chosen = pins.get(name, chosen)
    if (name, chosen, value) in ran:
        return
    for requirement in shelf.items[name][chosen].item.require:
        other, _, other_wish = requirement.name.removeprefix("marketplace://name/").partition("@")
        inner = requirement.values.get("v", 0)
        inner = value if inner == "{{ v }}" else inner
        model_walk(shelf, pins, ran, wishes, (other, other_wish, inner), (*way, name))
    ran.append((name, chosen, value))


@pytest.mark.parametrize("seed", range(300))
def test_random_graphs_come_out_as_the_model_says(seed: int) -> None:
    chance = random.Random(seed)
    count = chance.randint(1, 9)
    text = ""
    for number in range(count):
        for label in chance.sample(["1.0.0", "1.1.0", "2.0.0"], chance.randint(1, 3)):
            text += f"- name: n{number}\n  version: {label}\n  template_variables: {{v: 0}}\n  require:\n"
            upper = number + (2 if chance.random() < 0.1 else 0)  # now and then a cycle
            for _ in range(chance.randint(0, 3)):
                other = chance.randrange(0, max(1, min(count, upper)))
                wish = chance.choice(["", "", "", "@1", "@2", "@1.0.0", "@2.0.0", "@latest"])
                value = chance.choice(
                    ["", "", " , template_variables: {v: 1}", " , template_variables: {v: '{{ v }}'}"]
                )
                if other != number or chance.random() < 0.05:
                    text += f"  - {{name: 'marketplace://name/n{other}{wish}'{value}}}\n"
    shelf = Shelf(text.replace("  require:\n-", "-").removesuffix("  require:\n"))
    wanted = [(f"n{chance.randrange(count)}", "", chance.randint(0, 1)) for _ in range(chance.randint(1, 3))]
    wants = [
        Want(Requirement(uri(name), {"v": value}, bare=False), ("wanted", index))
        for index, (name, _, value) in enumerate(wanted)
    ]
    graph = resolve(wants, find=shelf.find, local={}, place=place)
    try:
        expected = model(shelf, wanted)
    except Refused:
        assert graph.faults
        return
    assert graph.faults == (), text
    got = [
        (node.name, node.subject.item.version, node.values["v"])
        for node in graph.nodes
        if isinstance(node.subject, Published)
    ]
    assert got == expected, text


def test_a_chain_that_does_not_end_is_left() -> None:
    asked = []

    def find(reference: Reference) -> Published:
        asked.append(reference.name)
        number = int(reference.name[1:]) + 1
        return Published(parse(item(f"n{number - 1}", uri(f"n{number}"))), "endless", reference.name, Folder("/"))

    graph = resolve([Want(Requirement(uri("n1")), ("wanted", 0))], find=find, local={}, place=place)
    assert "more than 20,000 prerequisites" in faults(graph)[0]
    assert len(asked) == LIMIT + 1


def test_values_that_grow_without_end_are_left() -> None:
    doubled = "".join(f"  - {{name: v{n}, default: '{{{{ v{n - 1} }}}}{{{{ v{n - 1} }}}}'}}\n" for n in range(1, 60))
    text = f"- name: a\n  template_variables:\n  - {{name: v0, default: xx}}\n{doubled}"
    assert "of a@1.0.0: it comes to more than 1,000,000 characters" in faults(graph_of(text, uri("a")))[0]


def test_no_address_is_asked_for_an_item_that_is_not_trusted() -> None:
    address = "http://127.0.0.1:1/item.yaml"
    shelf = Shelf(item("a", address))

    def find(reference: Reference) -> Published:
        assert not reference.address
        return shelf.find(reference)

    wants = [Want(Requirement(uri("a")), ("wanted", 0))]
    graph = resolve(wants, find=find, local={}, place=place, refuse=lambda _: "it is not trusted")
    assert f"a@1.0.0 requires {address}, which is asked only when a@1.0.0 is trusted" in faults(graph)[0]
    assert [node.name for node in graph.nodes] == ["a"]  # for who asks to be told whom to trust
