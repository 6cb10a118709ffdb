"""``{{ name }}`` in texts of items: what is ours, what is the shell's, and that nothing else can be reached."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_cube.marketplace.braces import BraceError, fill, fill_value, names, wrong

VALUES: dict[str, Any] = {
    "a": "x y",
    "n": 3,
    "f": 0.05,
    "t": True,
    "none": None,
    "in": "i n",
    "true": "t",
    "l": ["a b", 1],
    "m": {"k": 1},
}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("{{ a }}/{{n}}", "x y/3"),
        ("sleep {{ f }}m", "sleep 0.05m"),
        ("{{ t }} {{ none }}", "true null"),
        ("pip install {{ l }}", "pip install 'a b' 1"),
        ("{{ m }}", '{"k": 1}'),
        ("{{ a | quote }}", "'x y'"),
        ("{{ a | upper | quote }}", "'X Y'"),
        ("{{ l | join(',') }}", "a b,1"),
        ("{{ l | length }}", "2"),
        ("{{ a | replace('x', 'z') }}", "z y"),
        ("{{ missing | default('d') }}", "d"),
        # names that are words of Jinja's
        ("{{ none | tojson }} {{ in | quote }} {{ true | upper }}", "null 'i n' T"),
        # the shell's, awk's, Go's and Jinja's own: they stay
        ("${#files[@]} ${x:-y} { echo; }", "${#files[@]} ${x:-y} { echo; }"),
        ("awk '{{ print $1 }}'", "awk '{{ print $1 }}'"),
        ("docker ps --format '{{.Names}}'", "docker ps --format '{{.Names}}'"),
        ("{{ 7 * 7 }} {% if x %} {# c #}", "{{ 7 * 7 }} {% if x %} {# c #}"),
        ("{{ a.__class__ }} {{ a['x'] }} {{ a() }}", "{{ a.__class__ }} {{ a['x'] }} {{ a() }}"),
        ("{{ a | default(self) }}", "{{ a | default(self) }}"),
    ],
)
def test_what_is_filled_in_and_what_stays(text: str, filled: str) -> None:
    assert fill(text, VALUES) == filled


@pytest.mark.parametrize(
    "text",
    [
        *("{{ missing }}", "{{ missing | quote }}", "{{ missing | upper }}", "{{ a | nope }}"),
        *("{{ a | attr('__class__') }}", "{{ a | map('upper') }}", "{{ a | format(1) }}", "{{ a | xmlattr }}"),
        *("{{ a | pprint }}", "{{ a | int | join }}", "{{ l | sort }}"),
    ],
)
def test_what_cannot_be_filled_in_is_an_error(text: str) -> None:
    with pytest.raises(BraceError):
        fill(text, VALUES)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{{ a }} {{ a | quote }} {{ z | default(1) }} {{ a | first }} {{.a}}", []),
        ("x {{ z }} {{ a }}", [("{{ z }}", "the template variable 'z' has no value")]),
        ("{{z|upper}}", [("{{z|upper}}", "the template variable 'z' has no value")]),
        ("{{ a | nope }}", [("{{ a | nope }}", "'{{ a | nope }}' cannot be filled in: No filter named 'nope'")]),
    ],
)
def test_what_can_never_be_filled_in_is_known_before(text: str, found: list[tuple[str, str]]) -> None:
    assert [(piece, str(error)) for piece, error in wrong(text, ["a"])] == found


def test_a_value_is_not_looked_into_again() -> None:
    assert fill("{{ a }}", {"a": "{{ b }} {% x %}", "b": "secret"}) == "{{ b }} {% x %}"
    assert fill("{{ a | upper }}", {"a": "{{ b }}", "b": "secret"}) == "{{ B }}"


def test_a_text_that_is_one_variable_keeps_its_type() -> None:
    given = {"cpu": "{{ n }}", "list": ["{{ l }}", "x{{ n }}"], "map": "{{ m }}", "no": 1, "count": "{{ l | length }}"}
    expected = {"cpu": 3, "list": [["a b", 1], "x3"], "map": {"k": 1}, "no": 1, "count": 2}
    assert fill_value(given, VALUES) == expected


def test_names_that_a_text_mentions() -> None:
    assert names("{{ b }} {{ a | quote }} {{ b }} {{ .c }}") == ["b", "a"]


HALF: dict[str, Any] = {"v": "x" * 600_000, "l": [["x" * 1000] * 600]}


@pytest.mark.parametrize(
    "value",
    [
        *("{{ v }}{{ v }}", "{{ v | replace('x', 'yy') }}", "{{ v | replace('', '12') }}", "{{ v | join('--') }}"),
        *("{{ l }}{{ l }}", ["{{ v }}", "{{ v }}"], {"a": ["{{ l }}"], "b": {"c": "{{ l }}"}}, "{{ v | round }}"),
    ],
)
def test_what_grows_without_end_is_an_error(value: Any) -> None:
    with pytest.raises(BraceError, match=r"more than 1,000,000 characters|cannot be filled in"):
        fill_value(value, HALF)


def test_no_filter_is_busy_without_end() -> None:
    with pytest.raises(BraceError, match="no number of decimal places"):
        fill("{{ n | round(1000000000, 'ceil') }}", VALUES)
    assert fill("{{ f | round(1) }} {{ n | round(0, 'ceil') | int }}", VALUES) == "0.1 3"


def test_quotes_of_quotes_of_quotes_end() -> None:
    value: Any = "'"
    for _ in range(40):
        value = [value]
    with pytest.raises(BraceError, match="more than 1,000,000 characters"):
        fill("echo {{ q }}", {"q": value})
