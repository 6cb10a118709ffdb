"""Fixtures of all tests: a store of their own, and nothing left running."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from item_server import Handler, Server
from traitlets.config import Config

from jupyter_cube.notebook import magics

DEADLINE = 20.0  # seconds until a condition that should hold within milliseconds counts as never


@pytest.fixture(autouse=True)
def own_places(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Store, host locks, configuration and IPython profile of this test alone; the store's folder."""
    for name in [name for name in os.environ if name.startswith(("CUBE_", "PAI_"))]:
        if name not in ("CUBE_TEST_CASES", "CUBE_POLL", "CUBE_NO_PROC"):
            monkeypatch.delenv(name)
    folder = tmp_path_factory.mktemp("cube")
    places = {
        "CUBE_STORE": folder / "store",
        "CUBE_LOCKS": folder / "locks",
        "JUPYTER_CONFIG_DIR": folder / "config",
        "JUPYTER_DATA_DIR": folder / "data",
        "JUPYTER_RUNTIME_DIR": folder / "runtime",
        "IPYTHONDIR": folder / "ipython",
    }
    for name, path in places.items():
        monkeypatch.setenv(name, str(path))
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    return places["CUBE_STORE"]


@pytest.fixture
def ipython() -> Iterator[InteractiveShell]:
    """An IPython shell with the magics loaded; without a history, which it would write after its folder is gone."""
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    magics.load_ipython_extension(shell)
    yield shell
    InteractiveShell.clear_instance()


@pytest.fixture(scope="session", autouse=True)
def nothing_left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """After the last test no process that worked for one of the stores still runs."""
    yield
    base = str(tmp_path_factory.getbasetemp()).encode()

    def ours() -> list[str]:
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                words = (folder / "cmdline").read_bytes()
            except OSError:  # it has just ended
                continue
            if int(folder.name) != os.getpid() and base in words:
                found.append(words.replace(b"\0", b" ").decode(errors="replace"))
        return found

    deadline = time.monotonic() + DEADLINE
    while (left := ours()) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not left, "still running after the last test:\n" + "\n".join(left)


@pytest.fixture
def until() -> Callable[..., None]:
    """``until(condition)`` returns as soon as ``condition()`` is true, and fails when it never is."""

    def wait(condition: Callable[[], object], *, seconds: float = DEADLINE) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"not within {seconds} s"
            time.sleep(0.005)

    return wait


@pytest.fixture
def serve() -> Iterator[Callable[[Handler], Server]]:
    """``serve(handler)`` starts a web server, which is stopped after the test."""
    started: list[Server] = []

    def start(handler: Handler) -> Server:
        started.append(Server(handler))
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.fixture
def nasty_path(tmp_path: Path) -> Path:
    """A folder whose name breaks careless quoting."""
    folder = tmp_path / "a b'c\"d;e $f\nä"
    folder.mkdir()
    return folder
