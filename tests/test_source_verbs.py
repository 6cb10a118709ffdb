"""Sources on the command line, and stores that cannot be made."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_item_verbs import Shell, shell
from web import files, serving

from jupyter_cube.hint import command

__all__ = ["shell"]  # a fixture


def test_a_file_in_the_way_of_the_store_is_said(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    (shell.folder / "file").write_text("")
    monkeypatch.setenv("CUBE_STORE", str(shell.folder / "file"))
    for words in (["submit", "--", "true"], ["publish", "greet.yaml"], ["sources", "add", "x", "/tmp"]):
        assert "a file is where a folder should be" in shell(*words, code=3)


def test_a_team_shares_a_folder_and_a_web_server(shell: Shell) -> None:
    team = shell.folder / "team"
    team.mkdir()
    shell("sources", "add", "team", str(team))
    assert "greet@1.0.0 of team" in shell("publish", "greet.yaml", "--to", "team")
    assert "team  " in shell("sources")
    from jupyter_cube.marketplace.sources.serving import write_index

    write_index(team)
    shell("sources", "remove", "team")
    content = {f"/{path.relative_to(team)}": path.read_bytes() for path in team.rglob("*") if path.is_file()}
    with serving(files(content)) as web:
        shell("sources", "add", "web", web + "/")
        assert [one["source"] for one in shell.json("items", "greet")] == ["web"]


def test_a_source_that_cannot_be_reached_is_added_and_said_once(shell: Shell, tmp_path: Path) -> None:
    with serving(files({"/index.json": b"{}"})) as web:
        for name, uri, why in (
            ("far", "http://127.0.0.1:9/items", "cannot be fetched: [Errno 111] Connection refused"),
            ("none", f"{web}/none", "cannot be fetched: the server answered 404 for its index.json"),
            ("other", web, "cannot be fetched: the index is no object with 'items'"),
            ("git", f"git+file://{tmp_path}/none@main", "does not appear to be a git repository"),
        ):
            said = shell("sources", "add", name, uri).splitlines()
            assert said[-1].startswith(f"warning: '{name}' is added, but ")
            assert why in said[-1]
            assert said[-1].endswith(command("sources refresh"))
            assert uri not in said[-1]
            (line,) = [line for line in said if line.startswith(f"{name}  ")]
            assert line.count(uri) == 1
        out = shell("show", "digitz", code=2)
    assert "'far' cannot be fetched" in out
    assert "http:" not in out
    assert out.rstrip().endswith("did you mean 'digits'?")


@pytest.mark.parametrize("place", ["/proc/cube", "file", "file/deeper"])
def test_a_store_that_cannot_be_made_is_one_line_for_every_verb(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    (shell.folder / "file").write_text("in the way")
    monkeypatch.setenv("CUBE_STORE", str(shell.folder / place))
    hint = "set CUBE_STORE to"
    for words in (["submit", "--", "true"], ["submit", "--require", "digits", "--", "true"], ["publish", "greet.yaml"]):
        out = shell(*words, code=3)
        assert out.count("\n") == 1
        assert hint in out
    gone = place == "/proc/cube"  # nothing was ever kept there, and that is all to say of it
    for words in (["jobs"], ["clean", "--keep", "1"], ["trust"], ["verify"]):
        out = shell(*words, code=0 if gone else 3)
        assert gone or (hint in out and out.count("\n") == 1)
    for words in (["logs", "x"], ["describe", "x"], ["stop", "x"], ["wait", "x"], ["delete", "x"]):
        out = shell(*words, code=2 if gone else 3)
        assert out.count("\n") == 1
        assert ("no job 'x'" if gone else hint) in out
    assert "digits" in shell("items", "digits")
    assert "builtin" in shell("sources")
