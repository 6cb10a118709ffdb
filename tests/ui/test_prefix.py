"""The front end of a server that lies below a path, as behind a proxy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from live_jupyter import Jupyter, running
from live_notebook import COUNT, LIVE, cells, grows

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    with running(tmp_path_factory.mktemp("prefix"), base="/a/b/") as server:
        yield server


def test_a_card_is_live_below_a_prefix(
    open_in: Callable[[str, str], Page], run_all: Callable[[Page], None], jupyter: Jupyter, gate: Path
) -> None:
    page = open_in("lab", jupyter.write("prefix.ipynb", cells("prefix", COUNT.format(gate=gate)), kernel=True))
    assert "/a/b/lab" in page.url
    run_all(page)
    page.locator(f"{LIVE}[data-state=RUNNING]").wait_for()
    grows(page)
    page.locator(f"{LIVE}[data-state=RUNNING]").get_by_role("button", name="Stop").click()
    page.locator(f"{LIVE}[data-state=STOPPED]").wait_for()
