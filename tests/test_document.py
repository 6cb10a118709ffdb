"""YAML text to values with places, and what is said where the text is wrong."""

from __future__ import annotations

import json
import time

import pytest

from jupyter_cube.text.document import MAX_DEPTH, dotted, from_values, read


def plain(text: str) -> object:
    document = read(text)
    assert document.faults == ()
    assert document.root is not None
    return document.root.plain()


def only_fault(text: str | bytes, *, template: bool = False) -> str:
    faults = read(text, file="job.yaml", template=template).faults
    assert len(faults) == 1, [str(fault) for fault in faults]
    return str(faults[0])


def test_values_are_those_of_js_yaml() -> None:
    text = "a: yes\nb: 010\nc: !!str 1.0\nd: '1'\ne:\n1: x\ntrue: y\n~: z\nf: ! 12\ng: !!int 0x10\n"
    assert plain(text) == {
        "a": "yes",
        "b": 8,
        "c": "1.0",
        "d": "1",
        "e": None,
        "1": "x",
        "true": "y",
        "null": "z",
        "f": "12",
        "g": 16,
    }


def test_every_key_and_value_has_its_place() -> None:
    document = read("a: 1\nroles:\n  é:\n  - x\n  - k: v\n")
    assert document.place(("roles", "é")) == (3, 3)
    assert document.place(("roles", "é", 1, "k")) == (5, 5)
    assert document.place(("roles", "é", 7, "k")) == (3, 3)  # the nearest parent that is there
    node = document.node(("roles", "é", 1, "k"))
    assert node is not None
    assert (node.line, node.column, document.text[node.start : node.end]) == (5, 8, "v")


def test_a_fault_can_point_into_a_block_of_text() -> None:
    document = read("commands:\n- |\n  one\n  two <% x %>\n")
    fault = document.fault(("commands", 0), "no", fragment="<% x %>")
    assert (fault.line, fault.column, fault.path) == (4, 7, "commands[0]")


def test_paths_as_text() -> None:
    assert dotted(("taskRoles", "worker", "commands", 0)) == "taskRoles.worker.commands[0]"
    assert dotted(()) == ""


def test_anchors_and_merge_keys() -> None:
    text = "w: &w {a: 1, b: 2}\nv: {<<: *w, b: 3}\nu:\n  a: 0\n  <<: [{c: 1, a: 9}, *w]\nt: *w\n"
    assert plain(text) == {
        "w": {"a": 1, "b": 2},
        "v": {"a": 1, "b": 3},
        "u": {"a": 0, "c": 1, "b": 2},
        "t": {"a": 1, "b": 2},
    }
    assert read(text).place(("v", "a")) == (1, 8)  # where it is written


def test_a_quoted_merge_key_is_a_key() -> None:
    assert plain("'<<': {a: 1}") == {"<<": {"a": 1}}


def test_json_is_read_too() -> None:
    value = {"name": "smile \U0001f600 \\ud83d", "n": [1, 2.5, None, True], "t": "tab\there"}
    assert plain(json.dumps(value, indent="\t")) == value


def test_bytes_and_a_byte_order_mark() -> None:
    document = read("\ufeffa: é".encode())
    assert document.root is not None
    assert document.root.plain() == {"a": "é"}


def test_plain_values_become_a_document_without_lines() -> None:
    document = from_values({"a": [1, {"b": None}]})
    assert document.root is not None
    assert document.root.plain() == {"a": [1, {"b": None}]}
    assert document.fault(("a", 1, "b"), "no").line == 0


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (b"a: 1\nb: \xff", "job.yaml:2: this is not UTF-8 text; save the file as UTF-8"),
        ("a: 1\nb: x\0y", "job.yaml:2:5: the character U+0000 is not allowed; remove it"),
        ("", "job.yaml: there is nothing in it; write a job, or name a file"),
        ("# only a comment\n", "job.yaml: there is nothing in it; write a job, or name a file"),
        ("- a\n", "job.yaml:1:1: the top level must be a mapping of keys to values"),
        ("a: 1\n---\nb: 2\n", "job.yaml:2:1: a second document begins here; put each job into a file of its own"),
        ("a:\n\tb: 1\n", "job.yaml:2:1: a tab where YAML wants spaces; indent with spaces"),
        (
            "a: 1\nb: 2\na: 3\n",
            "job.yaml:3:1: the key 'a' is there twice, first in line 1; remove or rename one of the two",
        ),
        ("a: {{ b }}\n", "job.yaml:1:5: a mapping or list cannot be a key; put a value that begins with {{ in quotes"),
        ("a: @b\n", "job.yaml:1:4: a value cannot begin with '@'; put the value in quotes"),
        ("a: 'b\n", "job.yaml:1:4: the quote that is opened here is never closed; close it"),
        ("a: *b\n", "job.yaml:1:4: *b names no anchor above; write &b at the value"),
        ("a: &a [*a]\n", "job.yaml:1:8: *a contains itself; write the value out"),
        ("a: !!set {b}\n", "job.yaml:1:4: the tag !!set is not supported; leave the tag away"),
        ("a: !!int x\n", "job.yaml:1:4: 'x' is no int; leave the tag away"),
        ("a: 1\n<<: 2\n", "job.yaml:2:1: << can only merge mappings; name the anchor of a mapping"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str | bytes, fault: str) -> None:
    assert only_fault(text) == fault


def test_items_in_several_documents_are_to_be_a_list() -> None:
    found = read("name: a\n---\nname: b\n", template=True)
    assert list(map(str, found.faults)) == [":2:1: a second document begins here; write one list, each item after '- '"]
    assert found.root is not None, "what the first one is can be told"
    assert only_fault("", template=True) == "job.yaml: there is nothing in it; write an item, or name another file"


@pytest.mark.parametrize("text", ["a:\n  - 1\n b: 2\n", "a: [1, 2\nb: 3\n", "a: b: c\n", "a: %x\n"])
def test_broken_yaml_is_one_fault_with_a_line(text: str) -> None:
    (fault,) = read(text).faults
    assert fault.line > 0
    assert fault.hint


def test_all_duplicate_keys_are_found_at_once() -> None:
    assert [fault.line for fault in read("a: 1\na: 2\nb:\n  c: 1\n  c: 2\n").faults] == [2, 5]


def test_aliases_cannot_blow_up() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    start = time.perf_counter()
    assert "values" in only_fault("\n".join(lines))
    assert time.perf_counter() - start < 1
    big = f"a: &a {'x' * 100_000}\nb: [{', '.join(['*a'] * 1000)}]"
    assert "values" in only_fault(big)


def test_nesting_is_bounded() -> None:
    deep = MAX_DEPTH - 1
    assert plain(f"a: {'[' * deep}{']' * deep}")
    assert "nested" in only_fault(f"a: {'[' * 5000}{']' * 5000}")


def test_the_python_parser_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    import yaml

    text = "a: &x {b: [1, yes, 'q']}\nc: |\n  two\n  lines\nd: *x\n"
    with_c = read(text)
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    without = read(text)
    assert with_c.root is not None
    assert without.root is not None
    assert without.root.plain() == with_c.root.plain()
    assert without.place(("a", "b", 1)) == with_c.place(("a", "b", 1))
