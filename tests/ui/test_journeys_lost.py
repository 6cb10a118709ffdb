"""Whatever is lost in the middle of a job, the card comes back to the truth, and no cell is run again."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from live_jupyter import Jupyter, running
from live_notebook import CARD, COUNT, LIVE, SAVE, Open, Run, cells, grows, jobs, kept, lines, run

with contextlib.suppress(ImportError):  # where it is missing, all of these tests are skipped
    from playwright.sync_api import Error

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Jupyter]:
    """A server that may be killed."""
    with running(tmp_path) as server:
        yield server


# the answers to what Jupyter asks about a server that is gone; a question may go away by itself meanwhile
DISMISS = "document.querySelectorAll('.jp-Dialog .jp-mod-accept').forEach(button => button.click())"


def counted(jupyter: Jupyter, name: str) -> int:
    """The last number that the job has written."""
    (job,) = jobs(jupyter, name)
    return max(
        (int(one) for one in re.findall(r"line (\d+)", run(jupyter, "logs", job["id"], "--tail", "1"))), default=0
    )


def test_a_killed_server_comes_back_and_the_card_lives_again(
    mortal: Jupyter, page: Page, run_all: Run, gate: Path
) -> None:
    path = mortal.write("killed.ipynb", cells("killed", COUNT.format(gate=gate)), kernel=True)
    page.goto(mortal.url("lab", path))
    page.locator(".jp-NotebookPanel:visible .jp-Cell").first.wait_for()
    run_all(page)
    page.locator(f"{LIVE}[data-state=RUNNING]").wait_for()
    grows(page)
    page.evaluate(SAVE)
    mortal.kill()
    lost = page.locator(f"{CARD}[data-link=lost]")
    lost.wait_for()
    assert "not connected, retrying" in lost.inner_text()
    shown = max(lines(page))
    mortal.start()
    page.locator(f"{LIVE}[data-state=RUNNING]").wait_for()
    page.evaluate(DISMISS)
    grows(page)
    assert max(lines(page)) > shown
    gate.touch()
    page.locator(f"{LIVE}[data-state=SUCCEEDED]").wait_for()
    assert "the end" in page.locator(CARD).inner_text()


def test_a_page_that_crashed_shows_the_job_that_went_on(
    jupyter: Jupyter, browser: Browser, open_in: Open, run_all: Run, gate: Path
) -> None:
    path = jupyter.write("crashed.ipynb", cells("crashed", COUNT.format(gate=gate)), kernel=True)
    page = open_in("lab", path)
    run_all(page)
    page.locator(f"{LIVE}[data-state=RUNNING]").wait_for()
    grows(page)
    page.evaluate(SAVE)
    before = counted(jupyter, "crashed")
    with page.expect_event("crash"), contextlib.suppress(Error):  # of a page that answers no more
        page.goto("chrome://crash")
    again = browser.new_page()
    until(again, lambda: counted(jupyter, "crashed") > before + 10)
    again.goto(jupyter.url("lab", path))
    again.locator(f"{LIVE}[data-state=RUNNING]").wait_for()
    again.wait_for_function(SHOWS_MORE, arg=before + 10)
    gate.touch()
    again.locator(f"{LIVE}[data-state=SUCCEEDED]").wait_for()
    again.evaluate(SAVE)
    assert kept(jupyter, path)["state"] == "SUCCEEDED"
    again.close()


SHOWS_MORE = """than => [...document.querySelector('.cube-Card').innerText.matchAll(/line (\\d+)/g)]
    .some(([, number]) => Number(number) > than)"""


def until(page: Page, true: Callable[[], bool]) -> None:
    """Wait for what no page can tell."""
    for _ in range(100):
        if true():
            return
        page.wait_for_timeout(200)
    pytest.fail("it did not come to be")


def test_all_views_of_a_card_live_and_one_of_them_writes(
    open_in: Open, run_all: Run, jupyter: Jupyter, gate: Path
) -> None:
    path = jupyter.write("views.ipynb", cells("views", COUNT.format(gate=gate)), kernel=True)
    page = open_in("lab", path)
    run_all(page)
    page.locator(f"{LIVE}[data-state=RUNNING]").wait_for()
    page.evaluate(
        """async () => {
            const panel = window.jupyterapp.shell.currentWidget;
            panel.content.activeCellIndex = 1;
            window.cubeWrites = 0;
            const output = panel.content.widgets[1].model.outputs.get(0);
            const write = output.setData.bind(output);
            output.setData = options => { window.cubeWrites += 1; write(options); };
            await window.jupyterapp.commands.execute('notebook:create-output-view');
        }"""
    )
    page.locator(".jp-LinkedOutputView:visible .cube-Card[data-link=live]").wait_for()
    page.evaluate("window.jupyterapp.shell.activateById(window.jupyterapp.shell.widgets('main').next().value.id)")
    page.evaluate("window.jupyterapp.commands.execute('docmanager:clone')")
    page.locator(f"{LIVE} >> nth=1").wait_for()
    assert page.locator(".cube-Card[data-link=live]:visible").count() == 3
    page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.shutdown()")
    page.evaluate("window.cubeWrites = 0")  # until here the kernel may have written, too
    gate.touch()
    page.locator(".cube-Card[data-state=SUCCEEDED]:visible >> nth=2").wait_for()
    assert page.evaluate("window.cubeWrites") <= 1
    page.evaluate(SAVE)
    assert kept(jupyter, path)["state"] == "SUCCEEDED"


def test_without_a_socket_the_card_asks_by_itself(open_in: Open, run_all: Run, jupyter: Jupyter, gate: Path) -> None:
    path = jupyter.write("polled.ipynb", cells("polled", COUNT.format(gate=gate)), kernel=True)
    page = open_in("lab", path)
    run_all(page)
    page.locator(f"{LIVE}[data-state=RUNNING]").wait_for()
    page.evaluate(SAVE)
    page.route_web_socket("**/cube/api/socket", lambda socket: socket.close())
    page.reload()
    page.locator(f"{LIVE}[data-state=RUNNING]").wait_for()
    grows(page)
    grows(page)
    gate.touch()
    page.locator(f"{LIVE}[data-state=SUCCEEDED]").wait_for()


def test_in_another_store_or_without_the_extension_the_saved_card_stays(
    open_in: Open, run_all: Run, jupyter: Jupyter
) -> None:
    path = jupyter.write("moved.ipynb", cells("moved", "echo hello"), kernel=True)
    page = open_in("lab", path)
    run_all(page)
    page.locator(f"{LIVE}[data-state=SUCCEEDED]").wait_for()
    page.evaluate(SAVE)
    text = (jupyter.root / path).read_text("utf-8")
    (jupyter.root / path).write_text(text.replace(kept(jupyter, path)["id"], "abcdefghijklmnop"), "utf-8")
    page.reload()
    unknown = page.locator(f"{CARD}[data-link=unknown]")
    unknown.wait_for()
    for words in ("hello", "saved", "unknown on this server"):
        assert words in unknown.inner_text()
    (jupyter.root / path).write_text(text, "utf-8")
    absent = '{"message": "Not Found", "reason": null}'  # a Jupyter server that knows nothing of jobs
    page.route("**/cube/api/**", lambda route: route.fulfill(status=404, body=absent, content_type="application/json"))
    with page.expect_response("**/output*"):
        page.reload()
    page.locator(f"{CARD}[data-link=none]").wait_for()
    card = page.locator(CARD)
    for words in ("hello", "saved", "%cube logs"):
        assert words in card.inner_text()
    assert card.get_by_role("button").count() == 0
