"""One JSON Schema for every form, and what is typed into it read by it."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from jupyter_cube.errors import SpecError
from jupyter_cube.marketplace.item import parse
from jupyter_cube.protocol import spec
from jupyter_cube.templates import form

TRAIN = """\
kind: job
name: train
title: Train a model
summary: one task
template_variables:
- {name: script, type: path, description: what runs}
- {name: epochs, type: int, default: 3, minimum: 1, maximum: 100, title: Epochs}
- {name: rate, type: float, default: 0.1, choices: [0.1, 0.5]}
- {name: optimizer, type: choice, choices: [sgd, adam], default: adam}
- {name: nested, type: bool, default: yes}
- {name: mail, type: string, pattern: '[^@]+@[^@]+', default: a@b}
- {name: token, type: secret}
- {name: layers, type: list, default: [64, 32]}
- {name: output, type: path, default: "{{ script }}.out"}
- {name: tag, type: string, default: 7}
- {name: anything, default: null}
job:
  protocolVersion: 2
  name: train
  type: job
  parameters: {rate: "{{ rate }}", size: 32, warm: true, note: text, decay: 0.5, sizes: [1], opts: {a: 1}}
  taskRoles: {}
"""
TEXTS = {"script": "train.py", "token": "hush"}


def made() -> dict[str, Any]:
    found = form.schema(parse(TRAIN))
    Draft202012Validator.check_schema(found)
    return found


def test_a_form_has_the_variables_in_order_then_the_job_s_own_parameters() -> None:
    properties = made()["properties"]
    variables = [
        "script",
        "epochs",
        "rate",
        "optimizer",
        "nested",
        "mail",
        "token",
        "layers",
        "output",
        "tag",
        "anything",
    ]
    assert list(properties) == [*variables, "size", "warm", "note", "decay", "sizes", "opts"]
    assert {name for name, one in properties.items() if one.get("x-group") == "parameters"} == {
        *("size", "warm", "note", "decay", "sizes", "opts")
    }
    assert made()["required"] == ["script", "token"]
    assert (made()["title"], made()["description"]) == ("Train a model", "one task")


def test_a_property_says_all_that_the_variable_declares() -> None:
    properties = made()["properties"]
    assert properties["script"] == {"description": "what runs", "type": "string", "format": "path"}
    assert properties["epochs"] == {"title": "Epochs", "type": "integer", "minimum": 1, "maximum": 100, "default": 3}
    assert properties["rate"] == {"type": "number", "enum": [0.1, 0.5], "default": 0.1}
    assert properties["optimizer"] == {"enum": ["sgd", "adam"], "default": "adam"}
    assert properties["token"] == {"type": "string", "format": "password", "writeOnly": True}
    assert properties["output"] == {"type": "string", "format": "path", "x-default": "{{ script }}.out"}
    assert properties["tag"]["default"] == "7"
    assert properties["anything"] == {}
    types = [properties[name]["type"] for name in ("size", "warm", "note", "decay", "sizes", "opts")]
    assert types == ["integer", "boolean", "string", "number", "array", "object"]


def test_every_default_is_accepted_by_the_form_itself() -> None:
    found = made()
    defaults = {name: one["default"] for name, one in found["properties"].items() if "default" in one}
    validator = Draft202012Validator(found)
    assert validator.is_valid({**defaults, **TEXTS})
    assert not validator.is_valid(defaults)  # two are required
    assert not validator.is_valid({**TEXTS, "epochs": 0})
    assert not validator.is_valid({**TEXTS, "mail": "x a@b@"})
    assert not validator.is_valid({**TEXTS, "unknown": 1})


def test_a_job_s_form_has_its_parameters() -> None:
    text = (
        "protocolVersion: 2\nname: one\ntype: job\nparameters: {lr: 0.1, name: x}\n"
        "prerequisites: [{type: dockerimage, name: i, uri: u}]\n"
        "taskRoles: {w: {dockerImage: i, resourcePerInstance: {cpu: 1, memoryMB: 1, gpu: 0}, commands: ['x']}}\n"
    )
    found = form.job_schema(spec.parse(text))
    Draft202012Validator.check_schema(found)
    assert found["properties"]["lr"] == {"type": "number", "default": 0.1, "x-group": "parameters"}
    assert "required" not in found


def test_a_form_of_nothing_is_a_form() -> None:
    found = form.of_fields((), title="x")
    Draft202012Validator.check_schema(found)
    assert form.read_values(found, {}) == {}


def test_typed_texts_become_values_that_the_form_accepts() -> None:
    typed = {
        **TEXTS,
        "epochs": "5",
        "rate": "0.5",
        "optimizer": "sgd",
        "nested": "no",
        "mail": "x@y",
        "layers": "[1, 2]",
        "output": "o",
        "tag": "8",
        "anything": "1e-3",
        "size": "64",
        "warm": "false",
        "note": "7",
        "decay": "1",
        "sizes": "a, b",
        "opts": "{a: [2]}",
    }
    values = form.read_values(made(), typed)
    assert Draft202012Validator(made()).is_valid(values)
    assert values["layers"] == [1, 2]
    assert values["sizes"] == ["a", "b"]
    assert values["opts"] == {"a": [2]}
    assert (values["epochs"], values["rate"], values["nested"], values["tag"], values["note"]) == (
        5,
        0.5,
        False,
        "8",
        "7",
    )


def test_an_empty_text_is_no_value_and_a_reference_stays() -> None:
    values = form.read_values(made(), {**TEXTS, "epochs": "", "size": "<% $parameters.n %>"})
    assert values == {"script": "train.py", "token": "hush", "size": "<% $parameters.n %>"}


def test_all_mistakes_are_said_at_once() -> None:
    with pytest.raises(SpecError) as caught:
        form.read_values(
            made(), {"epohcs": "1", "epochs": "many", "rate": "0.2", "opts": "x", "size": "", "script": ""}
        )
    messages = [str(fault) for fault in caught.value.faults]
    assert messages == [
        "epohcs: there is no field 'epohcs'; did you mean 'epochs'?",
        "epochs: 'epochs' must be a whole number, not 'many'",
        "rate: 'rate' is '0.2', which is none of 0.1, 0.5",
        "opts: 'opts' must be a mapping such as {key: value}, not 'x'",
        "script: 'script' is not filled in; what runs",
        "token: 'token' is not filled in",
    ]


@pytest.mark.parametrize(("typed", "said"), [("0", "1 is the least"), ("101", "100 is the most")])
def test_numbers_keep_to_their_range(typed: str, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        form.read_values(made(), {**TEXTS, "epochs": typed})
