"""The jobs in the sidebar, the status bar, the list of what runs, and what is told of them."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from live_jupyter import Jupyter

with contextlib.suppress(ImportError):  # then none of these tests runs
    from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, WebSocketRoute

Open = Callable[[str, str], "Page"]
EXECUTE = "command => void window.jupyterapp.commands.execute(command)"
MANY = 3000


def cube(jupyter: Jupyter, *words: str) -> str:
    command = [sys.executable, "-m", "jupyter_cube", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=jupyter.env, cwd=jupyter.root).stdout


def submit(jupyter: Jupyter, name: str, script: str, *options: str) -> str:
    return cube(jupyter, "submit", "--name", name, *options, "--", "sh", "-c", script).split()[0]


def state(jupyter: Jupyter, job: str) -> str:
    found: str = json.loads(cube(jupyter, "describe", job, "--json"))["state"]
    return found


def opened(open_in: Open, jupyter: Jupyter, front_end: str) -> Page:
    """The front end with a notebook that needs no kernel."""
    page = open_in(front_end, jupyter.write("beside.ipynb", []))
    page.locator(".jp-Dialog").get_by_role("button", name="No Kernel").click()
    return page


@pytest.fixture
def lab(open_in: Open, jupyter: Jupyter) -> Page:
    return opened(open_in, jupyter, "lab")


def show(page: Page) -> Locator:
    """The jobs tab."""
    page.evaluate(EXECUTE, "jupyter-cube:show-jobs")
    panel = page.locator(".cube-Jobs")
    expect(panel).to_be_visible()
    return panel


def row(page: Page, name: str) -> Locator:
    return page.locator(".cube-Job", has=page.get_by_text(name, exact=True))


def until(gate: Path) -> str:
    return f"until [ -e {gate} ]; do sleep 0.05; done"


def test_a_job_comes_runs_ends_and_stays_while_the_connection_is_lost(
    page: Page, open_in: Open, jupyter: Jupyter, gate: Path
) -> None:
    sockets: list[WebSocketRoute] = []
    is_lost = False

    def route(socket: WebSocketRoute) -> None:
        if is_lost:
            socket.close()
        else:
            socket.connect_to_server()
            sockets.append(socket)

    page.route_web_socket("**/cube/api/socket", route)
    lab = opened(open_in, jupyter, "lab")
    panel = show(lab)
    job = submit(jupyter, "comes", f"echo hello > $PAI_OUTPUT_DIR/out.txt 2>&1; {until(gate)}", "--tag", "vision")
    one = row(lab, "comes")
    expect(one).to_have_attribute("data-state", "RUNNING")
    expect(one.locator(".cube-Job-time")).to_have_text(re.compile(r"^0:0[2-9]$"))
    expect(lab.locator(".cube-Status")).to_contain_text("1 running")
    is_lost = True
    sockets[-1].close()
    expect(panel).to_contain_text("Not connected, retrying")
    expect(one).to_have_attribute("data-state", "RUNNING")
    is_lost = False
    expect(panel).not_to_contain_text("Not connected")
    gate.touch()
    expect(one).to_have_attribute("data-state", "SUCCEEDED")
    expect(panel.get_by_role("heading", name="Running")).to_have_count(0)
    expect(lab.locator(".cube-Status")).to_be_hidden()
    one.get_by_role("button", name="comes").click()
    details = one.get_by_role("region", name="Details of comes")
    expect(details).to_contain_text(job[:6])
    expect(details).to_contain_text("vision")
    expect(details).to_contain_text(str(jupyter.root))
    details.get_by_role("button", name="Spec").click()
    expect(details.locator("pre")).to_contain_text('"name": "comes"')
    details.get_by_role("button", name="Artifacts").click()
    with lab.expect_download() as download:
        details.get_by_role("link", name="tasks/worker-0/1.log").click()
    assert download.value.suggested_filename == "1.log"


def test_a_waiting_job_says_why_and_is_stopped_in_its_row(lab: Page, jupyter: Jupyter, gate: Path) -> None:
    show(lab)
    hog = submit(jupyter, "hog", until(gate), "--memory", "9999g")  # all that there is
    waiting = submit(jupyter, "waits", "true", "--memory", "9999g")
    one = row(lab, "waits")
    expect(one).to_have_attribute("data-state", "WAITING")
    expect(one).to_contain_text("needs")
    expect(one).to_contain_text("hog holds")
    one.hover()
    one.get_by_role("button", name="Stop").click()
    expect(one).to_have_attribute("data-state", "STOPPED")
    assert state(jupyter, waiting) == "STOPPED"
    gate.touch()
    cube(jupyter, "wait", hog)


def test_several_jobs_are_deleted_after_a_question(lab: Page, jupyter: Jupyter) -> None:
    panel = show(lab)
    cube(jupyter, "wait", *(submit(jupyter, name, "true") for name in ("stays", "gone-0", "gone-1", "gone-2")))
    panel.get_by_role("searchbox").fill("gone-")
    rows = panel.locator(".cube-Job")
    expect(rows).to_have_count(3)
    rows.first.hover()
    rows.first.get_by_role("checkbox").check()
    rows.last.locator(".cube-Job-open").click(modifiers=["Shift"])
    expect(panel.get_by_role("toolbar")).to_contain_text("3 picked")
    for answer, left in (("Cancel", 3), ("Delete", 0)):
        panel.get_by_role("button", name="Delete 3…").click()
        dialog = lab.locator(".jp-Dialog")
        expect(dialog).to_contain_text("Delete 3 jobs?")
        expect(dialog).to_contain_text("gone-1")
        dialog.get_by_role("button", name=answer).click()
        expect(rows).to_have_count(left)
    expect(panel).to_contain_text("No job matches “gone-”.")
    left_over = cube(jupyter, "jobs")
    assert "gone-" not in left_over
    assert "stays" in left_over
    panel.get_by_role("button", name="Clear the filter").click()
    expect(panel.get_by_role("searchbox")).to_have_value("")


@pytest.fixture
def many(jupyter: Jupyter) -> Iterator[None]:
    """Very many jobs that have ended: what a list reads of one, under many names."""
    job = submit(jupyter, "many", "true")
    cube(jupyter, "wait", job)
    store = Path(jupyter.env["CUBE_STORE"])
    record = json.loads((store / "jobs" / job / "job.json").read_text("utf-8"))
    staging = jupyter.root.parent / "many"
    ids = [f"many{number:012}".translate(str.maketrans("0189", "wxyz")) for number in range(MANY)]
    for number, name in enumerate(ids):
        (staging / name / "orders").mkdir(parents=True)
        (staging / name / "job.json").write_text(json.dumps({**record, "id": name, "name": f"many-{number}"}))
        for file in ("states.jsonl", "orders/1.json"):
            (staging / name / file).hardlink_to(store / "jobs" / job / file)
    for name in ids:
        (staging / name).rename(store / "jobs" / name)
    yield
    for name in ids:
        (store / "jobs" / name).rename(staging / name)


@pytest.mark.usefixtures("many")
def test_thousands_of_jobs_are_a_list_like_any_other(lab: Page) -> None:
    panel = show(lab)
    panel.get_by_role("searchbox").fill("many-")
    expect(panel.get_by_role("heading")).to_have_text(f"Today {MANY}")
    assert panel.locator(".cube-Job").count() < 100, "only what can be seen is drawn"
    panel.locator(".cube-Job-open").first.focus()
    first = lab.evaluate("document.activeElement.dataset.id")
    lab.keyboard.press("End")
    lab.wait_for_function("first => document.activeElement.dataset.id !== first", arg=first)
    assert lab.evaluate("document.activeElement.getBoundingClientRect().bottom <= innerHeight")
    assert panel.locator(".cube-Job").count() < 100
    lab.keyboard.press("Enter")
    expect(panel.locator(".cube-Details")).to_be_visible()
    lab.keyboard.press("Home")
    lab.wait_for_function("first => document.activeElement.dataset.id === first", arg=first)
    lab.keyboard.press("Control+a")
    expect(panel.get_by_role("toolbar")).to_contain_text(f"{MANY} picked")
    lab.keyboard.press("Escape")
    expect(panel.get_by_role("toolbar")).to_have_count(0)


def test_the_end_of_a_job_that_nobody_looks_at_is_told(lab: Page, jupyter: Jupyter, gate: Path) -> None:
    lab.evaluate(EXECUTE, "filebrowser:activate")
    submit(jupyter, "fails-alone", f"{until(gate)}; exit 7")
    expect(lab.locator(".cube-Status")).to_contain_text("1 running")
    gate.touch()
    notice = lab.locator(".Toastify__toast", has_text="fails-alone failed after")
    expect(notice).to_contain_text("exit 7")
    notice.get_by_role("button", name=re.compile("Show jobs|Open log")).click()
    show(lab)
    expect(row(lab, "fails-alone")).to_contain_text("exit 7")


def test_notebook_7_shows_the_jobs_by_menu_and_palette(open_in: Open, jupyter: Jupyter) -> None:
    cube(jupyter, "wait", submit(jupyter, "menu", "true"))
    page = opened(open_in, jupyter, "notebook")
    page.locator(".lm-MenuBar-item", has_text="View").click()
    page.locator(".lm-Menu-item", has=page.get_by_text("Jobs", exact=True)).click()
    expect(row(page, "menu").first).to_be_visible()
    page.evaluate(EXECUTE, "apputils:activate-command-palette")
    palette = page.locator(".lm-CommandPalette")
    palette.locator("input").fill("cube market")
    palette.locator("[data-command='jupyter-cube:show-market']").click()
    expect(page.locator(".cube-Market")).to_be_visible()
    page.reload()
    page.evaluate("window.jupyterapp.restored")
    remembered = page.locator(".cube-Sidebar [role=tab][aria-selected=true]")
    expect(remembered).to_have_text("Market")


def test_what_runs_is_counted_where_a_setting_wants_it_and_stopped_in_the_list_of_what_runs(
    lab: Page, jupyter: Jupyter, gate: Path
) -> None:
    job = submit(jupyter, "listed", until(gate))
    status = lab.locator(".cube-Status")
    expect(status).to_contain_text("1 running")
    lab.evaluate(EXECUTE, "jupyter-cube:open-settings")
    editor = lab.locator(".jp-SettingsPanel")
    expect(editor).to_contain_text("Notify when a job ends")
    counts = editor.get_by_role("checkbox", name="Show running and waiting jobs in the status bar")
    counts.uncheck()
    expect(status).to_be_hidden()
    counts.check()
    expect(status).to_be_visible()
    Path(jupyter.env["JUPYTERLAB_SETTINGS_DIR"], "jupyter-cube/settings.jupyterlab-settings").unlink(missing_ok=True)
    lab.evaluate(EXECUTE, "running:show-panel")
    item = lab.locator(".jp-RunningSessions-item", has_text="listed")
    expect(item).to_contain_text("running")
    item.hover()
    item.get_by_title("Stop").click()
    expect(item).to_have_count(0)
    assert state(jupyter, job) == "STOPPED"
    expect(status).to_be_hidden()
