"""What a person does with a card: see why a job has failed, look into its log, copy, release, and all by keyboard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe import axe
from live_jupyter import Jupyter
from live_notebook import CARD, COUNT, LIVE, Open, Run, cells, jobs

if TYPE_CHECKING:
    from playwright.sync_api import Page

FRONT_ENDS = pytest.mark.parametrize("front_end", ["lab", "notebook"])
FAILS = """%%cube submit --name fails
import os

def read(path):
    raise ValueError("no data in " + path)

print("begin")
read("/data")
"""
HOSTILE = """%%cube submit --name hostile
import sys
print("<img src=x onerror='window.ran = 1'><script>window.ran = 2</script>")
print("\\033[41mred\\033[0m \\033[2J\\033[H\\033]0;title\\007")
print("\\033]8;;javascript:ran=3\\033\\\\link\\033]8;;\\033\\\\ after")
print("\\u202egnp.exe \\x00 nul", "<style>*{display:none}</style>")
sys.stdout.write("x" * 1_000_000 + " far\\n")
print("progress 1%\\rprogress 99%")
print("the last line")
"""


def python(source: str) -> list[dict[str, Any]]:
    made = cells("unused", "")
    made[1]["source"] = source
    return made


@FRONT_ENDS
def test_a_failed_job_says_why_and_where_in_the_cell(
    open_in: Open, run_all: Run, jupyter: Jupyter, front_end: str
) -> None:
    page = open_in(front_end, jupyter.write(f"fails-{front_end}.ipynb", python(FAILS), kernel=True))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    run_all(page)
    card = page.locator(f"{LIVE}[data-state=FAILED]")
    card.wait_for()
    text = card.inner_text()
    for words in ("failed after 0:0", "exit 1 (cell line 5)", "ValueError: no data in /data"):
        assert words in text
    card.get_by_role("button", name="Copy error").click()
    card.get_by_role("button", name="Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    for words in ("fails (", "cell line 5", "begin", "Traceback", "ValueError: no data in /data"):
        assert words in copied
    assert axe(page, ".cube-Card") == []
    heights = page.evaluate("[...window.cubeHeights.values()]")
    assert all(len(set(one)) == 1 for one in heights), heights


def test_of_several_tasks_the_failed_one_is_heard(open_in: Open, run_all: Run, jupyter: Jupyter) -> None:
    script = (
        "%%cube submit --shell --name several --instances 3\n"
        "if [ $PAI_TASK_INDEX = 1 ]; then sleep 0.5; echo cannot open /data; exit 3; fi\n"
        "while true; do echo busy; sleep 0.1; done"
    )
    page = open_in("lab", jupyter.write("several.ipynb", python(script), kernel=True))
    page.set_viewport_size({"width": 700, "height": 800})  # a narrow pane
    run_all(page)
    card = page.locator(f"{LIVE}[data-state=FAILED]")
    card.wait_for()
    text = card.inner_text()
    assert "worker-1 exit 3" in text
    assert "cannot open /data" in text
    assert "busy" not in text
    card.locator(".cube-Card-roles").hover()
    page.locator(f"{CARD} [title*='worker-1 failed after']").wait_for()
    heights = page.evaluate("[...window.cubeHeights.values()]")
    assert all(len(set(one)) == 1 for one in heights), heights


def test_nothing_in_a_log_runs_or_restyles_the_page(open_in: Open, run_all: Run, jupyter: Jupyter) -> None:
    page = open_in("lab", jupyter.write("hostile.ipynb", python(HOSTILE), kernel=True))
    run_all(page)
    card = page.locator(f"{LIVE}[data-state=SUCCEEDED]")
    card.wait_for()
    inner = page.locator(CARD)
    for opened in (False, True):
        if opened:
            card.get_by_role("button", name="More lines").click()
            card.locator(".cube-Log-row", has_text="the last line").wait_for()
            card.locator(".cube-Log-lines").press("g")
            card.locator(".cube-Log-row", has_text="red").wait_for()
        shown = inner.inner_text()
        for words in ("progress 99%", "the last line", "link after", "<style>*{display:none}</style>"):
            assert words in shown
        assert "progress 1%" not in shown
        assert not any(mark in shown for mark in ("\x1b", "[41m", "\u202e", "title"))
        assert len(shown) < 10_000
        assert inner.locator("a, img, script, style, iframe, object, [href], [src], [onerror]").count() == 0
    for words in ("<script>window.ran = 2</script>", "red"):
        assert words in inner.inner_text()
    assert page.evaluate("window.ran") is None
    assert axe(page, ".cube-Card") == []


def test_a_held_job_is_released_by_a_click(open_in: Open, run_all: Run, jupyter: Jupyter) -> None:
    script = "%%cube submit --shell --name holds --require debug_hook\necho broken; exit 9"
    page = open_in("lab", jupyter.write("holds.ipynb", python(script), kernel=True))
    run_all(page)
    held = page.locator(CARD, has_text="held for")
    held.wait_for()
    text = held.inner_text()
    assert "worker-0 held for" in text
    assert "%cube debug" in text
    with page.expect_websocket(lambda socket: "/terminals/" in socket.url) as opened:
        held.get_by_role("button", name="Open terminal").click()
    page.locator(".jp-Terminal:visible").click()
    with opened.value.expect_event("framereceived", lambda frame: "it is task 0" in str(frame)):
        page.keyboard.type("echo it is task $PAI_TASK_INDEX\n")  # in the task's environment
    page.evaluate("window.jupyterapp.shell.activateById(window.jupyterapp.shell.widgets('main').next().value.id)")
    held.get_by_role("button", name="Release").click()
    page.locator(f"{LIVE}[data-state=FAILED]").wait_for()


@FRONT_ENDS
def test_from_submit_to_stop_by_keyboard(
    open_in: Open, run_all: Callable[[Page], None], jupyter: Jupyter, front_end: str, gate: Path
) -> None:
    name = f"keys-{front_end}"
    page = open_in(front_end, jupyter.write(f"{name}.ipynb", cells(name, COUNT.format(gate=gate)), kernel=True))
    page.evaluate(
        """async () => {
            const panel = window.jupyterapp.shell.currentWidget;
            await panel.sessionContext.ready;
            await panel.sessionContext.session.kernel.info;
            panel.content.activate();
        }"""
    )
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Control+Enter")
    page.locator(f"{LIVE}[data-state=RUNNING]").wait_for()
    for key in 20 * ["Tab"]:
        page.keyboard.press(key)
        if focused(page) == "Stop":
            break
    assert focused(page) == "Stop"
    assert page.locator(":focus-visible").inner_text() == "Stop"
    assert axe(page, ".cube-Card") == []
    page.keyboard.press("Enter")
    page.locator(f"{LIVE}[data-state=STOPPED]").wait_for()
    assert page.evaluate("document.activeElement.closest('.cube-Card') !== null")
    page.keyboard.press("Tab")
    assert focused(page) in ("Open log", "More lines")
    assert [job["state"] for job in jobs(jupyter, name)] == ["STOPPED"]


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.innerText"))
