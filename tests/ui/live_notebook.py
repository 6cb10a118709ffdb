"""A notebook with a job that counts until a test lets it end, and what its page and its file say."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from live_jupyter import Jupyter

from jupyter_cube.bundle import MIME

if TYPE_CHECKING:
    from playwright.sync_api import Page

Open = Callable[[str, str], "Page"]
Run = Callable[["Page"], None]
CARD = ".jp-NotebookPanel:visible .cube-Card[data-state]"
LIVE = f"{CARD}[data-link=live]"
# it counts until somebody lets it end: by a file, so that no test hopes for a good moment
COUNT = "n=0; until [ -e {gate} ]; do n=$((n+1)); echo line $n; sleep 0.1; done; echo the end"
SAVE = "window.jupyterapp.commands.execute('docmanager:save')"


def cells(name: str, script: str) -> list[dict[str, Any]]:
    sources = ("%load_ext jupyter_cube", f"%%cube submit --shell --name {name}\n{script}")
    common = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    return [{**common, "id": f"cell-{number}", "source": source} for number, source in enumerate(sources)]


def kept(jupyter: Jupyter, path: str) -> dict[str, Any]:
    """The record that the notebook's file holds."""
    book = json.loads((jupyter.root / path).read_text("utf-8"))
    found = [
        output["data"][MIME] for cell in book["cells"] for output in cell["outputs"] if MIME in output.get("data", {})
    ]
    assert len(found) == 1
    record: dict[str, Any] = found[0]
    return record


def run(jupyter: Jupyter, *words: str) -> str:
    command = [sys.executable, "-m", "jupyter_cube", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=jupyter.env).stdout


def jobs(jupyter: Jupyter, name: str) -> list[dict[str, Any]]:
    found = json.loads(run(jupyter, "jobs", "--json"))
    return [job for job in found if job["name"] == name]


def lines(page: Page) -> list[int]:
    return [int(number) for number in re.findall(r"line (\d+)", page.locator(CARD).inner_text())]


def grows(page: Page) -> None:
    """Lines come that were not there before."""
    before = max(lines(page), default=0)
    page.wait_for_function(
        """([card, before]) => [...document.querySelector(card).innerText.matchAll(/line (\\d+)/g)]
            .some(([, number]) => Number(number) > before)""",
        arg=[CARD.replace(":visible", ""), before + 5],
    )


def reload(page: Page) -> None:
    page.evaluate(SAVE)
    page.reload()
    page.locator(CARD).wait_for()
