"""A notebook that several people edit at once (jupyter-collaboration)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from live_jupyter import Jupyter, running
from live_notebook import CARD, COUNT, LIVE, Run, cells, grows, kept

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Jupyter]:
    with running(tmp_path, together=True) as server:
        yield server


def opened(page: Page, url: str) -> Page:
    page.goto(url)
    page.locator(".jp-NotebookPanel:visible .jp-Cell").first.wait_for()
    return page


def test_two_people_see_one_card_and_the_file_is_true(
    shared: Jupyter, browser: Browser, run_all: Run, gate: Path
) -> None:
    path = shared.write("shared.ipynb", cells("shared", COUNT.format(gate=gate)), kernel=True)
    first = opened(browser.new_page(), shared.url("lab", path))
    run_all(first)
    first.locator(f"{LIVE}[data-state=RUNNING]").wait_for()
    second = opened(browser.new_page(), shared.url("lab", path))
    second.locator(f"{LIVE}[data-state=RUNNING]").wait_for()
    grows(second)
    first.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.shutdown()")
    first.reload()
    first.locator(f"{LIVE}[data-state=RUNNING]").wait_for()
    grows(first)
    gate.touch()
    for page in (first, second):
        page.locator(f"{LIVE}[data-state=SUCCEEDED]").wait_for()
        assert page.locator(CARD).count() == 1
    for _ in range(100):  # it is saved by itself
        if kept(shared, path)["state"] == "SUCCEEDED":
            break
        second.wait_for_timeout(200)
    assert kept(shared, path)["state"] == "SUCCEEDED"
    assert kept(shared, path)["tail"][-1] == "the end"
    assert [page.locator(CARD).count() for page in (first, second)] == [1, 1]  # who writes at once writes twice
    first.close()
    second.close()
