"""References in commands: what they become, and which cannot."""

from __future__ import annotations

import pytest

from jupyter_cube.errors import SpecError
from jupyter_cube.text.template import fill, render_secrets

ROOTS = {
    "parameters": {
        "a": 1,
        "one": 1.0,
        "big": 1e21,
        "tenth": 0.1,
        "no": False,
        "zero": 0,
        "null": None,
        "l": ["l0", None, 2],
        "o": {"p": {"q": "deep"}},
        "html": "<a>&\"'",
        "tricky": "x'\"\n\\$(id) `id` %",
        "again": "<% $parameters.a %>",
        "dash-key": "dk",
        "length": "own",
    },
    "secrets": {"tok": "SEC", "deep": {"list": ["s0", 7]}},
    "data": {"uri": ["u0", "u1"], "name": "d"},
    "script": None,
    "output": {"uri": "out"},
}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("plain {{ x }} ${y}", "plain {{ x }} ${y}"),
        ("<% $parameters.a %>", "1"),
        ("<%$parameters.a%>-<%  $parameters.a\n%>", "1-1"),
        ("<% $parameters.one %> <% $parameters.big %> <% $parameters.tenth %>", "1 1e+21 0.1"),
        ("<% $parameters.no %> <% $parameters.zero %>", "false 0"),
        ("<% $parameters.l %>", "l0,,2"),
        ("<% $parameters.l[0] %> <% $parameters.l.2 %>", "l0 2"),
        ("<% $parameters.o.p.q %>", "deep"),
        ("<% $parameters.html %>", "<a>&\"'"),
        ("<% $parameters.tricky %>", "x'\"\n\\$(id) `id` %"),
        ("<% $parameters.again %>", "<% $parameters.a %>"),
        ("<% $parameters.dash-key %>", "dk"),
        ("<% $parameters.length %>", "own"),
        ("<% $data.uri %> <% $data.uri[1] %> <% $data.name %> <% $output.uri %>", "u0,u1 u1 d out"),
        ("curl <%$secrets.tok%> <% $secrets.deep.list[1] %>", "curl <% $secrets.tok %> <% $secrets.deep.list.1 %>"),
        ("printf '<%s>' x", "printf '<%s>' x"),
    ],
)
def test_filled_in(text: str, filled: str) -> None:
    result = fill(text, ROOTS)
    assert result.problems == ()
    assert result.text == filled


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("<% $parameters.aa %>", "$parameters.aa does not exist", "did you mean 'a'?"),
        ("<% $parameters.null %>", "$parameters.null has no value", "-p null=VALUE"),
        ("<% $parameters.l[9] %>", "$parameters.l.9 does not exist", "a list of 3"),
        ("<% $parameters.l[1] %>", "$parameters.l.1 does not exist", ""),
        ("<% $parameters.l.length %>", "$parameters.l.length does not exist", ""),
        ("<% $parameters.constructor %>", "$parameters.constructor does not exist", ""),
        ("<% $parameters.html.length %>", "$parameters.html.length does not exist", "one value"),
        ("<% $parameters.o.p %>", "$parameters.o.p is a mapping", "q"),
        ("<% $parameters %>", "$parameters is a mapping", ""),
        ("<% $script.uri %>", "the role names no script", "add 'script:'"),
        ("<% $secrets.nope %>", "$secrets.nope does not exist", "tok"),
        ("<% $secret.tok %>", "unknown reference $secret", "'secrets'"),
        ("<% parameters.a %>", "is no reference", "<% $parameters.name %>"),
        ("<% $parameters.a b %>", "is no reference", ""),
        ("<%! c %>", "comments", ""),
        ("<%& $parameters.a %>", "nothing is escaped", ""),
        ("<%# $parameters.l %>", "sections", ""),
        ("<%= {{ }} =%>", "delimiters", ""),
        ("<% %>", "is no reference", ""),
        ("echo <% $parameters.a", "never closed", "%>"),
        ("echo <%$parameters.a", "never closed", "%>"),
    ],
)
def test_what_cannot_be_filled_in_is_a_problem(text: str, message: str, hint: str) -> None:
    (problem,) = fill(text, ROOTS).problems
    assert message in problem.message
    assert hint in problem.hint
    assert problem.tag in text


def test_all_problems_of_a_text_are_found() -> None:
    result = fill("<% $parameters.x %> <% $parameters.a %> <% $data.x %>", ROOTS)
    assert [problem.tag for problem in result.problems] == ["<% $parameters.x %>", "<% $data.x %>"]


def test_a_root_that_is_not_filled_in_here() -> None:
    (problem,) = fill("<% $parameters.a %>", {"secrets": {}}).problems
    assert problem.message == "$parameters is not filled in here, only $secrets"


def test_secrets_are_filled_in_verbatim_at_the_start() -> None:
    secrets = {"a": "x&<\"'\n\\", "b": {"c": [10]}, "again": "<% $secrets.b.c.0 %>"}
    text = "<% $secrets.a %>|<%$secrets.b.c[0]%>|<% $secrets.again %>|<% other %>|<% $parameters.a %>|100%>"
    assert render_secrets(text, secrets) == "x&<\"'\n\\|10|<% $secrets.b.c.0 %>|<% other %>|<% $parameters.a %>|100%>"


def test_a_secret_that_is_gone_stops_the_start() -> None:
    with pytest.raises(SpecError, match=r"\$secrets\.tok does not exist"):
        render_secrets("<% $secrets.tok %>", {})
