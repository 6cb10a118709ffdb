"""A card that asks the server: after a reload, after a restart of the kernel, at a person's word, and what is kept."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from live_jupyter import Jupyter
from live_notebook import CARD, COUNT, LIVE, SAVE, Open, Run, cells, grows, jobs, kept, lines, reload, run

FRONT_ENDS = pytest.mark.parametrize("front_end", ["lab", "notebook"])


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
    assert stopped.get_by_role("button", name=re.compile("Stop|Retry")).count() == 0
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
