"""Items as files: both spellings, variables, and what is wrong with them."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_cube.errors import SpecError
from jupyter_cube.marketplace.binding import bind
from jupyter_cube.marketplace.item import check_all, parse, parse_all, to_dict
from jupyter_cube.marketplace.variable import TYPES, Variable
from jupyter_cube.plugins import action


def faults(text: str) -> list[str]:
    return [str(fault) for fault in check_all(text, file="i.yaml")[1]]


SEEDS = """\
name: mnist
require:
- name: marketplace://name/install_wget
plugin: cmd
plugin_params:
  callbacks:
  - {event: taskStarts, commands: [get it]}
template_variables:
- name: dataPath
"""
AS_BUILT = """\
name: mnist
type: data
plugin: com.microsoft.pai.runtimeplugin.cmd
require: ["marketplace://name/install_wget"]
failurePolicy: Ignore
callbacks:
- event: taskStarts
  commands: [get it]
template_variables: [dataPath]
"""


@pytest.mark.parametrize("text", [SEEDS, AS_BUILT])
def test_both_spellings_mean_the_same(text: str) -> None:
    item = parse(text)
    assert item.short_plugin == "cmd"
    (callback,) = action.commands(item).callbacks
    assert (callback.event, callback.commands) == ("taskStarts", ("get it",))
    assert [each.name for each in item.require] == ["marketplace://name/install_wget"]
    assert [each.name for each in item.variables] == ["dataPath"]
    assert parse_all(str_of(to_dict(item)))[0] == item


def str_of(values: Any) -> str:
    import json

    return json.dumps(values)


def test_what_kind_it_is_follows_from_what_it_says() -> None:
    assert parse(AS_BUILT).kind == "dataset"
    assert parse(SEEDS).kind == "prerequisite"
    assert parse("name: s\nplugin: pvc_storage\nplugin_params: {name: v}\n").kind == "storage"
    assert parse("name: j\njob: {name: x}\n").kind == "job"
    assert parse("name: n\nnotebook: n.ipynb\n").kind == "notebook"


def test_a_variable_need_not_be_quoted() -> None:
    item = parse("name: s\nplugin: pvc_storage\nplugin_params:\n  name: v\n  mountPath: {{ mountPath }}\n")
    assert item.plugin_params["mountPath"] == "{{ mountPath }}"
    (fault,) = faults("name: s\nplugin: pvc_storage\nplugin_params:\n  mountPath: {{ x }}/y\n")
    assert fault == 'i.yaml:4:21: {{ }} inside a longer value; quote it: "{{ name }}/file"'


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ("[a, b]", {"a": True, "b": True}),
        ("[{name: a, default: 1}, {name: b, default: null}]", {"a": False, "b": False}),
        ("{a: , b: 5, c: {type: int}, d: {x: 1}}", {"a": True, "b": False, "c": True, "d": False}),
    ],
)
def test_variables_are_a_list_or_a_mapping(variables: str, expected: dict[str, bool]) -> None:
    item = parse(f"name: x\ntemplate_variables: {variables}\n")
    assert {each.name: each.required for each in item.variables} == expected


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("nmae: x", "unknown key 'nmae'; did you mean 'name'?"),
        ("kind: data", "unknown kind 'data'; did you mean 'dataset'?"),
        ("version: 1.0", "this must be text, not 1; put it in quotes"),
        ("version: '1.0'", "'1.0' must be a version such as 1.0.0"),
        ("plugin_params: {callbacks: [{event: taskStart, commands: [x]}]}", "unknown event 'taskStart'; did you mean"),
        ("plugin_params: {callbacks: [{event: containerStarts, commands: [x]}]}", "unknown event 'containerStarts'"),
        ("needs: [rot]", "unknown need 'rot'; did you mean 'root'?"),
        ("scope: jobs", "unknown scope 'jobs'; did you mean 'job'?"),
        ("kind: job", "a job template has no job; add 'job:' with an OpenPAI job"),
        ("kind: storage", "a storage mounts a volume by the plugin pvc_storage"),
        ("notebook: ../x.ipynb", "'../x.ipynb' is not beside the item"),
        ("template_variables: [a, a]", "the variable 'a' is declared twice"),
        ("template_variables: [{name: a, type: nit}]", "unknown type 'nit'; did you mean 'int'?"),
        (
            "template_variables: [{name: a, type: int, default: x}]",
            "the default of 'a' must be a whole number, not 'x'",
        ),
        ("template_variables: [{name: a, type: choice}]", "'a' is a choice of nothing"),
        ("template_variables: [{name: a, type: secret, default: x}]", "the secret 'a' cannot have a default"),
        ("template_variables: [{name: a, pattern: '('}]", "is no regular expression"),
        ("template_variables: [{name: a, minimum: one}]", "this must be a number, not 'one'"),
        ("template_variables: [a b]", "must be of letters, digits and _"),
        ("require: [{name: x, vars: {}}]", "unknown key 'vars'; known: name, template_variables"),
        ("require: [{template_variables: {}}]", "the key 'name' is missing"),
        ("require: {name: x}", "this must be a list, not a mapping"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(line: str, fault: str) -> None:
    base = "plugin: cmd\n" if "plugin" not in line and "kind" not in line else ""
    found = faults(f"name: x\n{base}{line}\n")
    assert any(fault in one for one in found), found
    assert all(one.startswith("i.yaml:") for one in found)


def test_one_of_several_is_named_by_its_number() -> None:
    (fault,) = faults("- name: a\n- name: b\n  kindd: dataset\n")
    assert fault == "i.yaml:3:3: [1].kindd: unknown key 'kindd'; did you mean 'kind'?"


HOSTILE = "\x1b]0;t\x07<script>alert(1)</script>"


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n" + "".join(f"k{n}: &k{n} [*c, *c, *c]\n" for n in range(9)),
        "name: " + "[" * 500 + "]" * 500,
        "a: &a {x: *a}\n",
        "name: !!python/object/apply:os.system ['true']\n",
        f"name: {HOSTILE}\n",
        "\0",
        "",
    ],
)
def test_hostile_texts_are_faults(text: str) -> None:
    found = faults(text)
    assert found
    assert all(one.isprintable() for one in found)


def test_a_bomb_of_aliases_is_refused() -> None:
    text = "name: x\nextra: &a0 [1, 2, 3, 4, 5, 6, 7, 8, 9]\n"
    text += "".join(f"x{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9))
    (fault,) = faults(text)
    assert "with its aliases written out it has more than" in fault


def test_a_pattern_that_never_ends_is_not_tried_before_its_author_is_trusted() -> None:
    text = "name: x\ntemplate_variables: [{name: a, default: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!, pattern: (a+)+$}]\n"
    item = parse(text)
    assert bind(item, {"a": "b" * 50}, patterns=False)[1] == []
    assert bind(item, {})[1] == []


def test_every_type_says_what_fits() -> None:
    wrong: dict[str, Any] = {"string": [1], "int": "x", "float": "x", "bool": "maybe"}
    wrong |= {"path": "", "choice": "z", "secret": "s", "list": 1}
    for kind in TYPES:
        choices = ", choices: [x]" if kind == "choice" else ""
        item = parse(f"name: i\ntemplate_variables: [{{name: a, type: {kind}{choices}}}]\n")
        assert bind(item, {"a": wrong[kind]})[1], kind


def test_one_item_where_one_is_wanted() -> None:
    with pytest.raises(SpecError, match="there are 2 items in it"):
        parse("- name: a\n- name: b\n")


def test_a_reference_beside_other_text_is_checked_like_any_text() -> None:
    variable = Variable(name="setting", type="string", pattern="[a-z]+")
    assert variable.accept("<% $parameters.setting %>") == "<% $parameters.setting %>"
    for value in (
        'x"; import os; "<%s',
        'x"; import os; "<% $parameters.x %>',
        "<% $parameters.x %>; <% $parameters.y %>",
    ):
        with pytest.raises(ValueError, match="does not match"):
            variable.accept(value)
