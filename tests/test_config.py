"""The configuration: merged from several places, and every mistake in one line."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import pytest

from jupyter_cube.config import FILE, Config, config, load
from jupyter_cube.errors import UsageError


def lay(folder: Path, **settings: object) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_text(json.dumps(settings))
    return str(folder)


def test_the_users_file_wins_but_for_what_the_system_locks(tmp_path: Path) -> None:
    user = lay(tmp_path / "user", grace=5, cpus=4, devices=["a"])
    system = lay(tmp_path / "system", grace=1, cpus=2, locked=["cpus"])
    assert load([user, str(tmp_path / "none"), system]) == Config(grace=5, cpus=2, devices=("a",))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cpu": 3}, "unknown setting 'cpu'"),
        ({"cpus": "two"}, "the setting 'cpus' is 'two'"),
        ({"cpus": -1}, "the setting 'cpus' is -1"),
        ({"grace": True}, "the setting 'grace' is True"),
        ({"devices": "gpu0"}, "write a list of names"),
        ({"store": 3}, "the setting 'store' is 3"),
    ],
)
def test_mistakes_are_said(tmp_path: Path, settings: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load([lay(tmp_path, **settings)])


def test_a_mistake_is_said_with_its_file_and_what_was_meant(tmp_path: Path) -> None:
    system, user = lay(tmp_path / "system", cpus=2), lay(tmp_path / "user", sourcs={})
    with pytest.raises(UsageError) as caught:
        load([user, system])
    assert str(caught.value) == f"{user}/{FILE}: unknown setting 'sourcs'; did you mean 'sources'?"
    lay(tmp_path / "system", xyz=1)
    with pytest.raises(UsageError, match=f"^{system}/{FILE}: unknown setting 'xyz'; known are backend, cache,"):
        load([str(tmp_path / "none"), system])


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("{")
    with pytest.raises(UsageError, match=f"{FILE}: not JSON"):
        load([str(tmp_path)])


def test_every_setting_is_in_the_docs() -> None:
    text = (Path(__file__).parents[1] / "docs" / "jobs.md").read_text()
    for setting in fields(Config):
        assert f"| `{setting.name}` |" in text


def test_what_another_process_writes_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    assert config().sources == {}
    (tmp_path / FILE).write_text('{"sources": {"team": "/shared/items"}}')
    assert config().sources == {"team": "/shared/items"}
    (tmp_path / FILE).unlink()
    assert config().sources == {}
