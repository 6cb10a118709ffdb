"""What was typed becomes a call, or one line that says what is wrong."""

from __future__ import annotations

import pytest

from jupyter_cube.errors import UsageError
from jupyter_cube.verbs.parser import help_text, parse, split
from jupyter_cube.verbs.table import VERBS


def call(line: str):
    found = parse(split(line))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("submit", {}),
        ("submit train.py", {"file": "train.py"}),
        ("submit --gpu 2 train.py -p lr=0.1", {"file": "train.py", "gpu": 2, "parameters": [("lr", "0.1")]}),
        ("submit -p a=1 -p b=x=y", {"parameters": [("a", "1"), ("b", "x=y")]}),
        ("submit --in=lr,df --out model", {"inputs": ("lr", "df"), "outputs": ("model",)}),
        ("submit --in ''", {"inputs": ()}),
        ("submit --memory 4G --timeout 2h", {"memory": "4G", "timeout": "2h"}),
        ("submit --port ssh --port web=2", {"ports": [("ssh", 1), ("web", 2)]}),
        ("submit --tag a,b --tag c", {"tags": [("a", "b"), ("c",)]}),
        ("submit --env 'GREETING=it is'", {"env": [("GREETING", "it is")]}),
        ("submit --as j --shell --rank", {"bind": "j", "shell": True, "rank": True}),
        ("logs train -f -n 5", {"job": "train", "follow": True, "tail": 5}),
        ("logs --search=-x train", {"job": "train", "search": "-x"}),
        ("wait a --json b", {"jobs": ["a", "b"], "json": True}),
        ("jobs --state running", {"state": "RUNNING"}),
        ("check a.yaml b.yaml", {"files": ["a.yaml", "b.yaml"]}),
    ],
)
def test_values(line: str, values: dict[str, object]) -> None:
    assert dict(call(line).values) == values


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("mnist", "mnist"),
        ("a:path=$where", 'a:path="/data, all"'),
        ("http://x/$where:path=$where", 'http://x/$where:path="/data, all"'),
        ("a:b=1,path=$where , c=$$where", 'a:b=1,path="/data, all" , c="$where"'),
        ("a:b=$where/x,c='$where'", "a:b=$where/x,c='$where'"),
        ("a:b=$list", "a:b=[1, 2]"),
    ],
)
def test_a_variable_of_the_notebook_is_a_whole_value_of_a_required_item(typed: str, meant: str) -> None:
    known = {"$where": "/data, all", "$$where": "$where", "$list": "[1, 2]"}
    found = parse(["submit", "--require", typed], lookup=lambda text: known[text])
    assert found is not None
    assert found.values["require"] == [meant]
    without = parse(["submit", "--require", typed])
    assert without is not None
    assert without.values["require"] == [typed], "in a shell, the shell has looked it up"


def test_a_command_after_two_dashes_is_taken_as_it_is() -> None:
    typed = call("submit --gpu 1 -- python train.py --gpu $x -h")
    assert typed.words == ("python", "train.py", "--gpu", "$x", "-h")
    assert dict(typed.values) == {"gpu": 1}
    assert call("submit train.py").words is None


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("sbmit", ["unknown verb 'sbmit'", "submit"]),
        ("submit --gpus 1", ["unknown option --gpus", "--gpu"]),
        ("submit --nam=x", ["unknown option --nam", "--name"]),
        ("submit --gpu two", ["--gpu", "'two' is not a whole number"]),
        ("submit --gpu -1", ["--gpu"]),
        ("submit --gpu", ["--gpu", "needs a value"]),
        ("submit --wait=1", ["--wait"]),
        ("submit -p lr", ["--parameter", "'lr' is not NAME=VALUE"]),
        ("submit --as 1x", ["--as", "'1x' is no name"]),
        ("submit --as class", ["--as", "'class' is no name"]),
        ("submit --in a-b", ["--in", "'a-b' is no name"]),
        ("submit a.py b.py", ["submit does not take 'b.py'"]),
        ("jobs --state DONE", ["--state", "unknown value 'DONE'", "RUNNING"]),
        ("jobs --state RUNNIN", ["--state", "did you mean 'RUNNING'"]),
        ("describe", ["describe needs ID"]),
        ("wait", ["wait needs ID"]),
        ("submit --grace inf", ["--grace", "'inf'"]),
        ("completion fish", ["SHELL", "unknown value 'fish'"]),
    ],
)
def test_a_mistake_is_one_line_that_helps(line: str, parts: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        call(line)
    text = str(caught.value)
    assert "\n" not in text
    for part in parts:
        assert part in text


@pytest.mark.parametrize("line", ["submit --name don't", 'submit --name "x'])
def test_an_unclosed_quote_is_one_line(line: str) -> None:
    with pytest.raises(UsageError, match="a quote is not closed"):
        split(line)


def test_a_line_cannot_be_continued() -> None:
    with pytest.raises(UsageError, match="one line"):
        split("submit --name a \\")


def test_typed_values_are_looked_up_but_not_the_command() -> None:
    typed = parse(
        split("submit $file -p lr=$lr --env A=b --gpu $n -- echo $n"),
        lookup={"$file": "a.py", "$lr": "0.1", "$n": "2", "b": "c"}.__getitem__,
    )
    assert typed is not None
    assert dict(typed.values) == {"file": "a.py", "parameters": [("lr", "0.1")], "env": [("A", "c")], "gpu": 2}
    assert typed.words == ("echo", "$n")


@pytest.mark.parametrize("line", ["", "help", "-h", "--help"])
def test_nothing_shows_all_verbs(line: str) -> None:
    assert parse(split(line)) is None
    text = help_text(None, prefix="%cube")
    for verb in VERBS:
        assert f"{verb.name} " in text


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_help_shows_every_option_and_examples_that_parse(verb) -> None:
    asked = parse([verb.name, "-h"])
    assert asked is not None
    assert asked.help
    assert parse(["help", verb.name]) == asked
    text = help_text(asked, prefix="%cube")
    for option in verb.options:
        assert option.metavar in text
        if not option.positional:
            assert all(flag in text for flag in option.flags)
    for example in verb.examples:
        if example.startswith(verb.name):
            assert call(example).verb is verb


def test_help_in_a_shell_leaves_out_what_is_for_notebooks() -> None:
    asked = parse(["submit", "-h"])
    assert "--as" in help_text(asked, prefix="%cube")
    assert "--as" not in help_text(asked, prefix="jupyter cube")


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_every_verb_prints_json_on_demand(verb) -> None:
    assert verb.name == "completion" or verb.option("--json") is not None
