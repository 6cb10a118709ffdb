"""The card of a job in a cell's output, as a person sees it in JupyterLab and in Notebook 7."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from live_jupyter import Jupyter

from jupyter_cube.bundle import MIME, Snapshot, bundle
from jupyter_cube.lifecycle.state import JobState, State, TaskState

if TYPE_CHECKING:
    from playwright.sync_api import Page

Open = Callable[[str, str], "Page"]
FRONT_ENDS = pytest.mark.parametrize("front_end", ["lab", "notebook"])
NOW = time.time()
CARD = ".jp-NotebookPanel:visible .cube-Card[data-state]"
TRUSTED = "window.jupyterapp.shell.currentWidget.content.widgets[0].model.trusted"
EVIL = "<img src=x onerror='window.ran = 1'><script>window.ran = 2</script><a href='javascript:ran=3'>x</a>"


def stored(state: State, reason: str = "", tail: tuple[str, ...] = (), **roles: str) -> dict[str, Any]:
    """What the output of a cell holds of a job; the tasks of each role are initials of their states."""
    initials = {"w": State.WAITING, "r": State.RUNNING, "s": State.SUCCEEDED, "f": State.FAILED}
    tasks = tuple(
        TaskState(f"{role}-{index}", role, index, initials[letter], started=NOW - 151)
        for role, letters in roles.items()
        for index, letter in enumerate(letters)
    )
    started = 0 if state is State.WAITING else NOW - 151
    job = JobState(state, tasks, started=started, ended=NOW if state.final else 0, reason=reason)
    return bundle(Snapshot("/home/me/cube", "k3jabcdefghijklm", "train", job, tail, NOW))


def cell(source: str, forms: dict[str, Any] | None = None, number: int = 0) -> dict[str, Any]:
    outputs = [] if forms is None else [{"output_type": "display_data", "data": forms, "metadata": {}}]
    made = {"cell_type": "code", "id": f"cell-{number}", "metadata": {}, "source": source}
    return {**made, "outputs": outputs, "execution_count": None}


def notebook(*forms: dict[str, Any]) -> list[dict[str, Any]]:
    return [cell("%%cube submit\ntrain()", one, number) for number, one in enumerate(forms)]


RUNNING = stored(State.RUNNING, tail=("worker-0 │ epoch 3/10  loss 0.231", "ps-0 │ step 40"), worker="rrsr", ps="s")
WAITING = stored(State.WAITING, "needs 2 GPUs, 1 free: big-run holds 0, 1 since 13:02", worker="w")
FAILED = stored(State.FAILED, "worker-1 exit 1", ("worker-1 │ ValueError: no data",), worker="sfs")
MANY = stored(State.RUNNING, tail=("worker-70 │ epoch 1",), worker="r" * 90 + "s" * 30 + "f")


def without_kernel(page: Page) -> None:
    """Answer the question for a kernel: none."""
    dialog = page.locator(".jp-Dialog")
    dialog.wait_for()
    dialog.get_by_role("button", name="No Kernel").click()
    dialog.wait_for(state="detached")
    assert page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session") is None


@FRONT_ENDS
def test_a_stored_job_is_a_card_without_a_kernel(open_in: Open, jupyter: Jupyter, front_end: str) -> None:
    page = open_in(front_end, jupyter.write("stored.ipynb", notebook(RUNNING, WAITING, FAILED, MANY)))
    without_kernel(page)
    assert page.evaluate(TRUSTED) is False  # nobody has signed the file
    cards = page.locator(CARD)
    cards.first.wait_for()
    assert cards.count() == 4
    texts = cards.all_inner_texts()
    for text, words in zip(
        texts,
        [
            ["train", "running 2:31", "worker", "3 running, 1 succeeded", "epoch 3/10  loss 0.231", "saved"],
            ["waiting", "needs 2 GPUs, 1 free: big-run holds 0, 1 since 13:02", "%cube stop k3jabc"],
            ["failed after 2:31", "worker-1 exit 1", "ValueError: no data", "%cube retry k3jabc"],
            ["1 failed, 90 running, 30 succeeded", "worker-70", "epoch 1"],
        ],
        strict=True,
    ):
        for word in words:
            assert word in text
    marks = cards.nth(2).locator(".cube-Role .cube-Mark")
    assert [mark.get_attribute("title") for mark in marks.all()] == [
        "worker-0 succeeded",
        "worker-1 failed",
        "worker-2 succeeded",
    ]
    heights = page.evaluate("[...window.cubeHeights.values()]")
    assert len(heights) == 4
    assert all(len(set(one)) == 1 for one in heights), "a card changed its height after it was there"


@FRONT_ENDS
def test_nothing_of_a_record_runs_or_links(open_in: Open, jupyter: Jupyter, front_end: str) -> None:
    record = RUNNING[MIME] | dict.fromkeys(("store", "id", "name", "reason"), EVIL)
    record |= {"tail": [EVIL, f"worker-0 │ {EVIL}"], "next": [EVIL], "tasks": {EVIL: [["RUNNING", 2]]}}
    forms = [{MIME: record}, {MIME: record | {"version": 99}, "text/plain": EVIL}, {MIME: record | {"state": EVIL}}]
    path = jupyter.write("evil.ipynb", notebook(*forms))
    notary = [sys.executable, "-m", "jupyter", "trust", str(jupyter.root / path)]
    subprocess.run(notary, check=True, capture_output=True, env=jupyter.env)  # trusted: the worst case
    page = open_in(front_end, path)
    without_kernel(page)
    outputs = page.locator(".jp-NotebookPanel:visible .cube-Output")
    outputs.nth(2).wait_for()
    assert page.evaluate(TRUSTED) is True
    assert EVIL in outputs.nth(0).inner_text()
    assert EVIL in outputs.nth(1).inner_text()
    assert "upgrade" in outputs.nth(1).inner_text()
    assert outputs.locator("a, img, script, iframe, object, [href], [src], [onerror]").count() == 0
    assert page.evaluate("window.ran") is None


@FRONT_ENDS
def test_a_submitted_cell_shows_its_job_until_the_end(
    open_in: Open, run_all: Callable[[Page], None], jupyter: Jupyter, front_end: str
) -> None:
    submit = "%%cube submit --shell --name greet --instances 2\necho hello from $PAI_TASK_INDEX; sleep 1"
    cells = [cell("%load_ext jupyter_cube"), cell(submit, number=1)]
    page = open_in(front_end, jupyter.write(f"live-{front_end}.ipynb", cells, kernel=True))
    run_all(page)
    card = page.locator(CARD)
    card.wait_for()
    page.locator(f"{CARD}[data-state=SUCCEEDED]").wait_for(timeout=20_000)
    text = card.inner_text()
    assert re.search(r"greet\s+succeeded after 0:0\d", text)
    assert "hello from 1" in text
    assert card.locator(".cube-Role .cube-Mark[data-state=SUCCEEDED]").count() == 2


COLOURS = """() => {
    const background = node => {
        const colour = getComputedStyle(node).backgroundColor;
        return colour === 'rgba(0, 0, 0, 0)' ? background(node.parentElement) : colour;
    };
    return [...document.querySelectorAll('.cube-Card *')]
        .filter(node => [...node.childNodes].some(child => child.nodeType === Node.TEXT_NODE))
        .map(node => [node.className, getComputedStyle(node).color, background(node)]);
}"""


def luminance(colour: str) -> float:
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in (int(number) / 255 for number in re.findall(r"\d+", colour)[:3])
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.fixture
def themes(jupyter: Jupyter) -> Iterator[tuple[str, ...]]:
    """The themes of JupyterLab, from which the next test does not inherit one."""
    yield ("JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast")
    kept = Path(jupyter.env["JUPYTERLAB_SETTINGS_DIR"], "@jupyterlab/apputils-extension/themes.jupyterlab-settings")
    kept.unlink(missing_ok=True)


def test_a_card_can_be_read_in_every_theme(
    open_in: Open, jupyter: Jupyter, themes: tuple[str, ...], output_path: str
) -> None:
    page = open_in("lab", jupyter.write("themes.ipynb", notebook(RUNNING, WAITING, FAILED, MANY)))
    without_kernel(page)
    page.locator(CARD).nth(3).wait_for()
    Path(output_path).mkdir(parents=True, exist_ok=True)
    for theme in themes:
        page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
        page.locator(f"body[data-jp-theme-name='{theme}']").wait_for(state="attached")
        page.locator("#jupyterlab-splash").wait_for(state="detached")
        page.screenshot(path=Path(output_path) / f"{theme}.png")
        shown = page.evaluate(COLOURS)
        assert shown
        for name, colour, background in shown:
            assert contrast(colour, background) >= 4.5, (theme, name, colour, background)
