"""A card that asks the server: after a reload, after a restart of the kernel, at a person's word, and what is kept."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from live_jupyter import Jupyter

from jupyter_cube.bundle import MIME

if TYPE_CHECKING:
    from playwright.sync_api import Page

Open = Callable[[str, str], "Page"]
Run = Callable[["Page"], None]
FRONT_ENDS = pytest.mark.parametrize("front_end", ["lab", "notebook"])
CARD = ".jp-NotebookPanel:visible .cube-Card[data-state]"
LIVE = f"{CARD}[data-link=live]"
# it counts until somebody lets it end: by a file, so that no test hopes for a good moment
COUNT = "n=0; until [ -e {gate} ]; do n=$((n+1)); echo line $n; sleep 0.1; done; echo the end"
SAVE = "window.jupyterapp.commands.execute('docmanager:save')"


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Path]:
    """The file that lets a job end; at the end of the test it is there."""
    yield tmp_path / "gate"
    (tmp_path / "gate").touch()


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


@FRONT_ENDS
def test_a_reloaded_page_shows_the_job_to_its_end_and_keeps_it(
    open_in: Open, run_all: Run, jupyter: Jupyter, front_end: str, gate: Path
) -> None:
    name = f"count-{front_end}"
    path = jupyter.write(f"{name}.ipynb", cells(name, COUNT.format(gate=gate)), kernel=True)
    page = open_in(front_end, path)
    run_all(page)
    page.locator(f"{LIVE}[data-state=RUNNING]").wait_for()
    grows(page)
    reload(page)
    assert kept(jupyter, path)["state"] == "RUNNING"
    page.locator(f"{LIVE}[data-state=RUNNING]").wait_for()
    grows(page)
    page.evaluate("window.cubeHeights.forEach((_, card) => window.cubeHeights.set(card, [card.offsetHeight]))")
    gate.touch()
    page.locator(f"{LIVE}[data-state=SUCCEEDED]").wait_for()
    assert "the end" in page.locator(CARD).inner_text()
    heights = page.evaluate("[...window.cubeHeights.values()]")
    assert all(len(set(one)) == 1 for one in heights), heights
    page.evaluate(SAVE)
    record = kept(jupyter, path)
    assert (record["state"], record["tail"][-1]) == ("SUCCEEDED", "the end")
    assert record["ended"] > record["started"] > 0


@FRONT_ENDS
def test_a_restarted_kernel_leaves_the_card_alive(
    open_in: Open, run_all: Run, jupyter: Jupyter, front_end: str, gate: Path
) -> None:
    name = f"restart-{front_end}"
    path = jupyter.write(f"{name}.ipynb", cells(name, COUNT.format(gate=gate)), kernel=True)
    page = open_in(front_end, path)
    run_all(page)
    page.locator(f"{LIVE}[data-state=RUNNING]").wait_for()
    page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    grows(page)
    gate.touch()
    page.locator(f"{LIVE}[data-state=SUCCEEDED]").wait_for()
    page.evaluate(SAVE)
    assert kept(jupyter, path)["state"] == "SUCCEEDED"


@FRONT_ENDS
def test_a_job_is_stopped_by_a_click(open_in: Open, run_all: Run, jupyter: Jupyter, front_end: str, gate: Path) -> None:
    name = f"stop-{front_end}"
    page = open_in(front_end, jupyter.write(f"{name}.ipynb", cells(name, COUNT.format(gate=gate)), kernel=True))
    run_all(page)
    page.locator(f"{LIVE}[data-state=RUNNING]").get_by_role("button", name="Stop").click()
    stopped = page.locator(f"{LIVE}[data-state=STOPPED]")
    stopped.wait_for()
    assert stopped.get_by_role("button").count() == 0
    assert [job["state"] for job in jobs(jupyter, name)] == ["STOPPED"]


@FRONT_ENDS
def test_a_failed_job_is_retried_by_a_click(
    open_in: Open, run_all: Run, jupyter: Jupyter, front_end: str, gate: Path
) -> None:
    name = f"retry-{front_end}"
    script = f"[ -e {gate} ] || exit 3; echo the end"
    path = jupyter.write(f"{name}.ipynb", cells(name, script), kernel=True)
    page = open_in(front_end, path)
    run_all(page)
    failed = page.locator(f"{LIVE}[data-state=FAILED]")
    failed.wait_for()
    gate.touch()
    failed.get_by_role("button", name="Retry").click()
    page.locator(f"{LIVE}[data-state=SUCCEEDED]").wait_for()
    assert "the end" in page.locator(CARD).inner_text()
    page.evaluate(SAVE)
    assert kept(jupyter, path)["state"] == "SUCCEEDED"


def test_a_lost_connection_keeps_the_lines_and_comes_back(
    open_in: Open, run_all: Run, jupyter: Jupyter, gate: Path
) -> None:
    path = jupyter.write("lost.ipynb", cells("lost", COUNT.format(gate=gate)), kernel=True)
    page = open_in("lab", path)
    run_all(page)
    page.locator(f"{LIVE}[data-state=RUNNING]").wait_for()
    grows(page)
    page.evaluate(SAVE)
    lost = True
    page.route("**/cube/api/**", lambda route: route.abort() if lost else route.continue_())
    page.route_web_socket("**/cube/api/socket", lambda socket: socket.close() if lost else socket.connect_to_server())
    page.reload()
    card = page.locator(f"{CARD}[data-link=lost]")
    card.wait_for()
    assert "not connected, retrying" in card.inner_text()
    assert lines(page)
    lost = False
    page.locator(f"{LIVE}[data-state=RUNNING]").wait_for()
    gate.touch()
    page.locator(f"{LIVE}[data-state=SUCCEEDED]").wait_for()


def test_a_job_that_was_deleted_leaves_what_is_stored(open_in: Open, run_all: Run, jupyter: Jupyter) -> None:
    path = jupyter.write("deleted.ipynb", cells("deleted", "echo hello"), kernel=True)
    page = open_in("lab", path)
    run_all(page)
    page.locator(f"{LIVE}[data-state=SUCCEEDED]").wait_for()
    page.evaluate(SAVE)
    run(jupyter, "delete", kept(jupyter, path)["id"])
    page.reload()
    card = page.locator(f"{CARD}[data-link=unknown]")
    card.wait_for()
    text = card.inner_text()
    assert "hello" in text
    assert "unknown on this server" in text
    assert card.get_by_role("button").count() == 0
