"""The browser of these tests, and the server that it looks at."""

from __future__ import annotations

import contextlib
import importlib.util
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from live_jupyter import Jupyter, running

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
MODULES = ("axe_playwright_python", "jupyterlab", "notebook", "playwright", "pytest_playwright")
# window.cubeHeights: of every card all heights that it was seen with
WATCH_CARDS = """
    window.cubeHeights = new Map();
    const sizes = new ResizeObserver(entries => {
        for (const { target } of entries) {
            const seen = window.cubeHeights.get(target) ?? [];
            window.cubeHeights.set(target, [...seen, target.offsetHeight]);
        }
    });
    new MutationObserver(changes => {
        const added = changes.flatMap(({ addedNodes }) => [...addedNodes]).filter(node => node instanceof Element);
        const cards = added.flatMap(node => [
            ...(node.matches('.cube-Output') ? [node] : []),
            ...node.querySelectorAll('.cube-Output')
        ]);
        for (const card of cards) {
            if (!window.cubeHeights.has(card)) {
                window.cubeHeights.set(card, []);
                sizes.observe(card);
            }
        }
    }).observe(document, { childList: true, subtree: true });
"""


def missing() -> str:
    """Why these tests cannot run here; empty where they can."""
    lacking = [module for module in MODULES if importlib.util.find_spec(module) is None]
    if lacking:
        return f"no {', '.join(lacking)} here; scripts/ui runs these tests"
    return "" if CHROMIUM else "there is no chromium on the PATH"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    reason = missing()
    if reason:
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The system's Chromium, which calls nobody by itself."""
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": [*quiet, "--disable-gpu"]}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_context_args, "viewport": {"width": 1280, "height": 800}, "locale": "en-GB"}


@pytest.fixture(scope="session")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    with running(tmp_path_factory.mktemp("server")) as server:
        yield server


Open = Callable[[str, str], "Page"]


@pytest.fixture
def open_in(page: Page, jupyter: Jupyter) -> Iterator[Open]:
    """``open_in(front_end, path)`` opens a notebook in ``lab`` or ``notebook``; no error of our scripts goes unseen."""
    with _opener(page, jupyter) as open_it:
        yield open_it


@pytest.fixture
def open_untraced(browser: Browser, jupyter: Jupyter) -> Iterator[Open]:
    """The same in a page that nothing is recorded of: recording costs more than what is measured there."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    with context, _opener(context.new_page(), jupyter) as open_it:
        yield open_it


@contextlib.contextmanager
def _opener(page: Page, jupyter: Jupyter) -> Iterator[Open]:
    page.add_init_script(WATCH_CARDS)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(f"{error.message}\n{error.stack}"))

    def open_it(front_end: str, path: str) -> Page:
        page.goto(jupyter.url(front_end, path))
        page.locator(".jp-NotebookPanel:visible .jp-Cell").first.wait_for()
        return page

    yield open_it
    ours = [error for error in errors if "/jupyter-cube/" in error]  # Notebook 7 has errors of its own
    assert not ours, "\n".join(ours)


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Path]:
    """The file that lets a job end; at the end of the test it is there."""
    yield tmp_path / "gate"
    (tmp_path / "gate").touch()


@pytest.fixture
def run_all() -> Callable[[Page], None]:
    """``run_all(page)`` runs all cells, as soon as the notebook's kernel answers."""

    def run(page: Page) -> None:
        page.evaluate(
            """async () => {
                const panel = window.jupyterapp.shell.currentWidget;
                await panel.context.ready;
                await panel.sessionContext.ready;
                await panel.sessionContext.session.kernel.info;
                await window.jupyterapp.commands.execute('notebook:run-all-cells');
            }"""
        )

    return run
