"""The verbs about items on the command line and in a notebook, and what happens when wrong things are typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from item_folder import lay
from web import files, serving

from jupyter_cube import api
from jupyter_cube.cli import main
from jupyter_cube.curation import offers
from jupyter_cube.errors import UsageError
from jupyter_cube.hint import command
from jupyter_cube.lifecycle.state import State
from jupyter_cube.notebook.completion import candidates

GREET = """\
kind: prerequisite
name: greet
summary: says hello
tags: [nice]
plugin: cmd
plugin_params:
  callbacks:
  - {event: taskStarts, commands: ["echo hello {{ who | quote }}"]}
template_variables:
- {name: who, type: string, description: "whom"}
- {name: loud, type: bool, default: false}
"""


JOB_WITH = """\
protocolVersion: 2
name: words
type: job
prerequisites: [{{type: dockerimage, name: i, uri: x}}]
taskRoles:
  w:
    dockerImage: i
    prerequisites: [say]
    resourcePerInstance: {{cpu: 1, memoryMB: 0, gpu: 0}}
    commands: ["true"]
extras:
  reference_prerequisites:
  - {{name: say, require: [{{name: marketplace://name/say, template_variables: {{words: {words}}}}}]}}
"""


class Shell:
    """``jupyter cube`` typed in a folder."""

    def __init__(self, capsys: pytest.CaptureFixture[str], folder: Path) -> None:
        self.capsys, self.folder = capsys, folder

    def __call__(self, *words: str, code: int = 0) -> str:
        found = main(words)
        printed = self.capsys.readouterr()
        assert found == code, printed
        assert "Traceback" not in printed.err
        return printed.out if code == 0 else printed.out + printed.err

    def json(self, *words: str) -> Any:
        return json.loads(self(*words, "--json"))


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "greet.yaml").write_text(GREET)
    return Shell(capsys, tmp_path)


def test_publish_find_show_use_and_run(shell: Shell) -> None:
    assert shell("publish", "greet.yaml").startswith("published greet@1.0.0 of mine  sha256:")
    assert [one["name"] for one in shell.json("items", "hel", "--tag", "nice")] == ["greet"]
    assert "greet  1.0.0  prerequisite  mine  says hello" in shell("items", "--source", "mine")
    about = shell.json("show", "greet")
    assert (about["version"], about["trusted"], about["uses"]) == ("1.0.0", True, 0)
    assert [variable["name"] for variable in about["variables"]] == ["who", "loud"]
    assert about["form"]["required"] == ["who"]
    command = shell("use", "greet", "who=the world").strip()
    assert "submit --require 'greet@1.0.0:who=the world' -- COMMAND" in command
    out = shell("submit", "--require", "greet@1.0.0:who=it's me", "--follow", "--", "echo", "done")
    assert out == "hello it's me\ndone\n"
    assert shell.json("show", "greet")["uses"] == 1
    assert "used: 1 times" in shell("show", "greet")


def test_which_of_two_items_of_a_name_is_meant_is_said(shell: Shell) -> None:
    (shell.folder / "digits.yaml").write_text("name: digits\nsummary: my own\nplugin: cmd\n")
    said = shell("publish", "digits.yaml").splitlines()
    assert said[1:] == ["  hides builtin/digits; name it builtin/digits to have that one"]
    assert shell("use", "digits").splitlines()[0] == "# digits@1.0.0 of mine: my own"
    theirs = shell.json("use", "builtin/digits")
    assert "digits@1.0.0 of builtin" in theirs["cell"].splitlines()[1]
    assert "--require builtin/digits@1.0.0" in theirs["command"]
    assert f"use it: {command('use builtin/digits')}" in shell("show", "builtin/digits")
    assert f"use it: {command('use digits')}" in shell("show", "digits")
    shell("publish", "digits.yaml", "--version", "2.0.0")
    assert "there are 1.0.0; 'mine' has it: marketplace://mine/name/digits@2.0.0" in shell(
        "show", "builtin/digits@2.0.0", code=2
    )


def test_a_list_as_a_whole_command_is_words(shell: Shell) -> None:
    command = '{callbacks: [{event: taskStarts, commands: ["{{ words }}"]}]}'
    lay(shell.folder / "team", "say", plugin="cmd", plugin_params=command, template_variables="[words]")
    shell("sources", "add", "team", str(shell.folder / "team"))
    asked = """say:words=[echo, "a  b; $(id)", "<% $parameters.p %>"]"""
    out = shell("submit", "--yes", "--require", asked, "--", "true", code=2)
    assert "$parameters.p does not exist" in out
    out = shell("submit", "--yes", "--require", """say:words=[echo, "a  b; $(id)", 3]""", "--follow", "--", "true")
    assert out == "a  b; $(id) 3\n"
    nested = "[" * 40 + '"\'"' + "]" * 40
    (shell.folder / "q.yaml").write_text(JOB_WITH.format(words=nested))
    assert "it comes to more than 1,000,000 characters" in shell("submit", "--yes", "q.yaml", code=2)


def test_texts_of_an_item_are_neither_code_nor_ours(shell: Shell) -> None:
    lines = r'"nice\nimport os; os.system(\"touch ran\")\r\u2028  from builtin, trusted"'
    texts = dict.fromkeys(("summary", "title", "author", "license", "source"), lines)
    lay(shell.folder / "team", "odd", kind="dataset", **texts, template_variables="[path]")
    shell("sources", "add", "team", str(shell.folder / "team"))
    cell = offers.use("odd", {"path": "/data"}).cell.splitlines()
    assert cell[1].startswith("# odd@1.0.0 of team: nice import os")
    assert cell[2] == "import os"
    assert not any(line.startswith(("import", "  from builtin")) for line in shell("show", "odd").splitlines())
    assert f"its files are in {shell.folder}/team/odd/1.0.0: item.yaml\n" in shell("show", "odd")


def test_versions_go_up_and_never_change(shell: Shell) -> None:
    shell("publish", "greet.yaml")
    assert shell("publish", "greet.yaml") == "greet is there already as greet@1.0.0, with the same content\n"
    there = {"published": [], "notes": ["greet is there already as greet@1.0.0, with the same content"]}
    assert json.loads(shell("publish", "greet.yaml", "--json")) == there
    Path("greet.yaml").write_text(Path("greet.yaml").read_text() + "license: MIT\n")
    assert "greet@1.0.1" in shell("publish", "greet.yaml")
    assert shell.json("show", "greet@1.0.0")["versions"] == ["1.0.1", "1.0.0"]
    Path("greet.yaml").write_text(GREET)
    out = shell("publish", "greet.yaml", "--version", "1.0.1", code=2)
    assert "greet@1.0.1" in out


def test_all_that_is_wrong_with_what_is_required_is_said_at_once(shell: Shell) -> None:
    shell("publish", "greet.yaml")
    wanted = ("--require", "nope", "--require", "greet:lod=1", "--require", "greet:who=x,loud=maybe")
    refused = shell("submit", *wanted, "--require", "noper", "--", "true", code=2)
    for line in ("no item 'nope'", "no template variable 'lod'", "must be true or false, not 'maybe'", "item 'noper'"):
        assert line in refused


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["show", "gret"], "there is no item 'gret' (asked: mine, builtin); did you mean 'greet'?"),
        (["show", "greet@9"], "'greet' of the source 'mine' has no version 9; there are 1.0.0"),
        (["show", "nowhere/greet"], "there is no source 'nowhere'; known: mine, builtin"),
        (["use", "greet"], "the template variable 'who' of greet@1.0.0 has no value; write: "),
        (["use", "greet", "who=x", "lod=1"], "greet@1.0.0 has no template variable 'lod'; did you mean 'loud'?"),
        (["use", "greet", "who=x", "loud=maybe"], "'loud' of greet@1.0.0 must be true or false, not 'maybe'"),
        (["publish", "nothing.yaml"], "nothing.yaml"),
        (["submit", "--require", "greet", "--", "true"], "the template variable 'who' of greet@1.0.0 has no value"),
        (["submit", "--require", "greet:who", "--", "true"], "--require: 'who' is not VARIABLE=VALUE"),
        (
            ["submit", "--require", "python_script", "--", "true"],
            "python_script@1.0.0 is a job template, not a prerequ",
        ),
        (["submit", "marketplace://name/digits"], "digits@1.0.0 is a dataset, not a job template"),
        (
            ["submit", "marketplace://name/python_script"],
            "the template variable 'script' of python_script@1.0.0 has no",
        ),
        (["sources", "add", "x", "ftp://y"], "'ftp://y' is no source of items"),
        (["sources", "add", "x"], "a source needs a name and a place"),
        (["sources", "remove", "x"], "x"),
        (["trust", "greet"], "trust needs the digest of what is allowed"),
        (["new", "dataset", "x"], "a dataset is made of something"),
        (["new", "dataset", "a b", "--path", "greet.yaml"], "a b"),
        (["import", "greet.yaml"], "greet.yaml"),
    ],
)
def test_what_is_typed_wrong_is_one_line(shell: Shell, words: list[str], line: str) -> None:
    shell("publish", "greet.yaml")
    out = shell(*words, code=2)
    assert line in out
    assert len(out.strip().splitlines()) == 1


def test_an_item_of_somebody_else_is_used_only_when_it_is_allowed(shell: Shell) -> None:
    team = shell.folder / "team"
    lay(team, "hook", plugin="cmd", plugin_params='{callbacks: [{event: taskStarts, commands: ["echo theirs"]}]}')
    assert "team" in shell("sources", "add", "team", str(team))
    assert "warning" in shell("plan", "--require", "hook", str(script(shell)))
    refused = shell("submit", "--require", "hook", "--", "true", code=2)
    assert api.jobs() == []
    label, digest = refused.split("allow it: ")[1].split()[-2:]
    assert label == "hook@1.0.0"
    assert "allowed hook@1.0.0 of team" in shell("trust", label, digest)
    assert shell("submit", "--require", "hook", "--follow", "--", "echo", "mine") == "theirs\nmine\n"
    # another content under the same version is refused again, --yes allows it
    (team / "hook" / "1.0.0" / "extra").write_text("x")
    assert "content has changed" in shell("submit", "--require", "hook", "--", "true", code=2)
    shell("submit", "--require", "hook", "--yes", "--wait", "--", "true")
    shell("submit", "--require", "hook", "--wait", "--", "true")


def script(shell: Shell) -> Path:
    path = shell.folder / "x.sh"
    path.write_text("true\n")
    return path


def test_verify_says_what_has_changed(shell: Shell, own_places: Path) -> None:
    shell("publish", "greet.yaml")
    assert "ok" in shell("verify")
    file = own_places / "marketplace" / "items" / "greet" / "1.0.0" / "item.yaml"
    file.chmod(0o644)
    file.write_text(GREET.replace("hello", "bye"))
    assert "changed" in shell("verify", "greet", code=1)


def test_check_reads_items_and_jobs_with_items(shell: Shell) -> None:
    (shell.folder / "bad.yaml").write_text(GREET.replace("taskStarts", "taskStart").replace("bool", "boolean"))
    (shell.folder / "job.yaml").write_text(
        "protocolVersion: 2\nname: j\ntype: job\nprerequisites: [{type: dockerimage, name: i, uri: u}]\ntaskRoles:\n"
        "  w:\n    prerequisites: ['marketplace://name/gret', 'marketplace://name/greet']\n    dockerImage: i\n"
        "    resourcePerInstance: {cpu: 1, memoryMB: 1, gpu: 0}\n    commands: [x]\n"
    )
    shell("publish", "greet.yaml")
    bad, good, job = json.loads(shell("check", "bad.yaml", "greet.yaml", "job.yaml", "--json", code=2).split("\n")[0])
    assert [(fault["line"], fault["message"]) for fault in bad["errors"]] == [
        (8, "unknown event 'taskStart'"),
        (11, "unknown type 'boolean'"),
    ]
    assert good["ok"]
    (shell.folder / "bad.yaml").write_text(GREET.replace("who", "whom", 1))
    assert "there is no template variable 'whom' here; did you mean 'who'?" in shell("check", "bad.yaml", code=2)
    messages = [(fault["line"], fault["message"]) for fault in job["errors"]]
    assert messages == [
        (7, "there is no item 'gret' (asked: mine, builtin)"),
        (7, "the template variable 'who' of greet@1.0.0 has no value"),
    ]


def test_an_item_with_an_address_of_its_own(shell: Shell) -> None:
    with serving(files({"/greet.yaml": GREET.encode()})) as web:
        address = f"{web}/greet.yaml"
        refused = shell("submit", "--require", f"{address}:who=x", "--", "true", code=2)
        label, digest = refused.split("allow it: ")[1].split()[-2:]
        shell("trust", label, digest)
        assert shell("submit", "--require", f"{address}:who=x", "--follow", "--", "true") == "hello x\n"


def test_a_job_that_works_becomes_a_template(shell: Shell) -> None:
    shell("publish", "greet.yaml")
    out = shell("submit", "--require", "greet:who=a", "--wait", "--name", "hi", "--", "true").strip()
    assert api.job(out).state is State.SUCCEEDED
    where = "extras.reference_prerequisites[0].require[0].template_variables.who"
    made = shell("new", "job", "say_hi", "--from", "hi", "--variable", f"who={where}", "--publish")
    assert "published say_hi@1.0.0" in made
    assert "hello b" in shell("submit", "marketplace://name/say_hi", "-p", "who=b", "--follow")
    exported = shell("export", "say_hi", "who=c")
    assert "who: c" in exported
    (shell.folder / "exported.yaml").write_text(exported)
    assert "ok" in shell("check", "exported.yaml")


def test_what_may_follow(shell: Shell) -> None:
    shell("publish", "greet.yaml")
    assert candidates(["show", "gre"]) == ["greet"]
    assert candidates(["submit", "--require", "greet@"]) == ["greet@1.0.0"]
    assert candidates(["submit", "--require", "greet:"]) == ["greet:who=", "greet:loud="]
    assert candidates(["submit", "--require", "greet:who=x,"]) == ["greet:who=x,loud="]
    assert candidates(["use", "greet", ""]) == ["who=", "loud="]
    assert candidates(["items", "--source", ""]) == ["mine", "builtin"]
    assert "dataset" in candidates(["items", "--kind", ""])


def test_use_writes_the_next_cell(shell: Shell, ipython: InteractiveShell) -> None:
    cells: list[str] = []
    ipython.set_next_input = lambda text, **_: cells.append(text)  # type: ignore[method-assign]
    ipython.run_cell("%cube use iris").raise_error()
    (cell,) = cells
    head, *body = cell.splitlines()
    assert head == "%%cube submit --require iris@1.0.0"
    assert "import os" in body
    result = ipython.run_cell(cell.replace("submit ", "submit --as job ", 1))
    result.raise_error()
    job = ipython.user_ns["job"]
    assert job.wait(60) is State.SUCCEEDED
    assert [line.line for line in job.log.tail(1)] == ["['iris.csv']"]


HOSTILE = "\x1b]0;owned\x07<script>alert(1)</script>\u202e"


def test_hostile_texts_are_shown_as_text(shell: Shell) -> None:
    team = shell.folder / "team"
    quoted = json.dumps(HOSTILE)
    lay(
        team,
        "bad",
        **dict.fromkeys(("title", "description", "author", "license", "source"), quoted),
        tags=f"[{quoted}]",
        plugin="cmd",
    )
    shell("sources", "add", "team", str(team))
    for words in (["items"], ["show", "bad"], ["submit", "--require", "bad", "--", "true"]):
        main(words)
        printed = shell.capsys.readouterr()
        assert "\x1b" not in printed.out + printed.err, words
        assert "\x07" not in printed.out + printed.err, words


def test_a_secret_of_an_item_is_held_by_a_variable_of_the_notebook(shell: Shell) -> None:
    variables = "[{name: token, type: secret}]"
    lay(shell.folder / "team", "door", template_variables=variables, plugin="cmd")
    shell("sources", "add", "team", str(shell.folder / "team"))
    head = offers.use("door", {"token": "$key"}).cell.splitlines()[0]
    assert head == "%%cube submit --require 'door@1.0.0:token=$key'"
    with pytest.raises(UsageError, match="is a secret"):
        offers.use("door", {"token": "plain"})  # a cell would keep it
