"""The market beside the notebook, as a person uses it in JupyterLab and in Notebook 7."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from axe import axe
from item_folder import lay
from item_server import Server, files_of
from live_jupyter import Jupyter

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

Open = Callable[[str, str], "Page"]
FRONT_ENDS = pytest.mark.parametrize("front_end", ["lab", "notebook"])
DONE = ".jp-NotebookPanel:visible .cube-Card[data-state=SUCCEEDED]"
READY = """async () => {
    const panel = window.jupyterapp.shell.currentWidget;
    await panel.context.ready;
    await panel.sessionContext.ready;
    await panel.sessionContext.session.kernel.info;
}"""
SOURCES = """() => {
    const { widgets } = window.jupyterapp.shell.currentWidget.content;
    return widgets.map(cell => cell.model.sharedModel.getSource());
}"""
EVIL = "<img src=x onerror='window.ran = 1'><script>window.ran = 2</script>"
DESCRIPTION = f"""# <span id="main" class="jp-Dialog">Read</span> me
{EVIL} ![a picture](http://evil.invalid/pixel.png) [a page](http://evil.invalid/page) [not one](javascript:window.ran=3)
<style>body {{ display: none }}</style><p style="position: fixed; inset: 0" class="jp-Dialog">over all</p>
<iframe src="http://evil.invalid/"></iframe><form action="http://evil.invalid"><button>go</button></form>
<svg onload="window.ran = 4"><image href="http://evil.invalid/s.png"/></svg>
<video src="http://evil.invalid/v.mp4" autoplay></video>
"""


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a folder with a file."""
    root = tmp_path_factory.mktemp("web")
    (root / "my numbers.csv").write_text("a,b\n1,2\n")
    server = Server(files_of(root, []))
    yield server.url
    server.stop()


@pytest.fixture
def market(open_in: Open, jupyter: Jupyter) -> Callable[..., Page]:
    """``market(front_end, name)``: a new notebook of one cell, its kernel, and the market beside it."""

    def open_it(front_end: str, name: str, *, kernel: bool = True) -> Page:
        cell = {"cell_type": "code", "id": "a", "metadata": {}, "outputs": [], "execution_count": None, "source": "1"}
        page = open_in(front_end, jupyter.write(f"{name}-{front_end}.ipynb", [cell], kernel=True))
        if kernel:
            page.evaluate(READY)
        execute(page, "jupyter-cube:search-market")
        page.locator(".cube-Row").first.wait_for()
        return page

    return open_it


def execute(page: Page, command: str) -> None:
    page.evaluate("command => window.jupyterapp.commands.execute(command)", command)


def row(page: Page, name: str) -> Locator:
    return page.locator(".cube-Row").filter(has=page.get_by_text(name, exact=True))


def button(page: Page, name: str) -> Locator:
    return page.locator(".cube-Market").get_by_role("button", name=name, exact=True)


def words(page: Page) -> Locator:
    """What is said beside the button at the foot."""
    return page.locator(".cube-Foot-words")


def run_selected(page: Page) -> None:
    """As a person does after ``use``: the cells are selected, the keyboard is theirs."""
    words(page).and_(page.locator("[data-is=cell]")).wait_for()
    page.keyboard.press("Shift+Enter")
    page.locator(DONE).wait_for(timeout=30_000)


def add_source(jupyter: Jupyter, name: str, folder: Path) -> None:
    command = [sys.executable, "-m", "jupyter_cube", "sources", "add", name, str(folder)]
    subprocess.run(command, check=True, capture_output=True, env=jupyter.env)


@FRONT_ENDS
def test_a_dataset_is_found_filled_in_used_and_run(market: Callable[..., Page], web: str, front_end: str) -> None:
    page = market(front_end, "find")
    page.get_by_label("Search the market").fill("file or archive")
    button(page, "Datasets").click()
    row(page, "web_file").click()
    button(page, "Use").click()
    address = page.get_by_label("url required")
    assert "url" in words(page).inner_text()
    assert "must be filled in" in page.locator(".cube-Field", has=address).inner_text()
    assert page.evaluate(SOURCES) == ["1"]
    address.fill(f"{web}/my%20numbers.csv")
    button(page, "Back").click()
    row(page, "web_file").click()
    assert address.input_value() == f"{web}/my%20numbers.csv", "what was filled in is lost"
    button(page, "Use").click()
    run_selected(page)
    load, ready = page.evaluate(SOURCES)[1:3]
    assert load == "%load_ext jupyter_cube"
    assert ready.startswith("%%cube submit --require web_file@1.0.0:url=http://127.0.0.1")
    assert "dataPath=" not in ready.splitlines()[0], "defaults need not be written"
    assert "my numbers.csv" in page.locator(DONE).inner_text()
    button(page, "Use").click()
    words(page).and_(page.locator("[data-is=cell]")).wait_for()
    assert sum("load_ext" in source for source in page.evaluate(SOURCES)) == 1


def test_a_dataset_is_made_of_an_address_used_and_run(market: Callable[..., Page], web: str) -> None:
    page = market("lab", "new")
    execute(page, "jupyter-cube:new-dataset")
    button(page, "Publish").click()
    assert "Where is it?" in page.locator(".cube-Market").inner_text()
    page.get_by_label("Address or path").fill(f"{web}/nothing.csv")
    button(page, "Look").click()
    page.get_by_role("alert").filter(has_text="404").wait_for()
    page.get_by_label("Address or path").fill(f"{web}/my%20numbers.csv")
    assert page.locator(".cube-Market").get_by_label("Name", exact=True).input_value() == "my_numbers"
    page.get_by_label("Summary").fill("two numbers")
    button(page, "Look").click()
    page.locator(".cube-Run pre", has_text="summary: two numbers").wait_for()
    button(page, "Publish").click()
    page.locator(".cube-Summary", has_text="two numbers").wait_for()
    button(page, "Use").click()
    run_selected(page)
    assert "['my numbers.csv']" in page.locator(DONE).inner_text()
    button(page, "Back").click()
    row(page, "my_numbers").filter(has_text="1 use").wait_for()


def test_an_item_of_others_is_text_and_runs_only_where_it_is_allowed(
    market: Callable[..., Page], jupyter: Jupyter, tmp_path: Path
) -> None:
    quoted = {"summary": EVIL, "title": EVIL, "description": DESCRIPTION, "author": EVIL, "tags": [EVIL]}
    hooks = {"plugin": "cmd", "callbacks": [{"event": "taskStarts", "commands": ["echo mischief"]}]}
    fields = {name: json.dumps(value) for name, value in {**quoted, **hooks}.items()}
    lay(tmp_path / "team", "theirs", **fields)
    add_source(jupyter, "team", tmp_path / "team")
    page = market("lab", "others")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_label("Search the market").fill("theirs")
    found = row(page, "theirs")
    found.filter(has_text=EVIL).wait_for(timeout=5000)
    found.click()
    description = page.locator(".cube-Description", has_text="over all")
    description.wait_for()
    inside = "img, script, style, iframe, form, button, svg, video, [style], [onerror], [onload], .jp-Dialog, #main"
    assert description.locator(".jp-RenderedMarkdown").locator(inside).count() == 0
    links = description.locator("a").evaluate_all("all => all.map(link => [link.getAttribute('href'), link.rel])")
    outside = "noopener noreferrer"
    assert [link for link in links if link[0]] == [
        ["http://evil.invalid/pixel.png", outside],
        ["http://evil.invalid/page", outside],
    ]
    panel = page.locator(".cube-Market")
    assert EVIL in panel.locator(".cube-Summary").inner_text()
    assert panel.locator("img, script").count() == 0
    button(page, "Use").click()
    dialog = page.locator(".jp-Dialog")
    dialog.wait_for()
    for part in ("theirs 1.0.0", "team", "sha256:", "echo mischief", EVIL):
        assert part in dialog.inner_text()
    dialog.get_by_role("button", name="Cancel").click()
    assert "theirs@1.0.0 is not allowed" in words(page).inner_text()
    assert page.evaluate(SOURCES) == ["1"]
    button(page, "Use").click()
    dialog.get_by_role("button", name="Allow").click()
    run_selected(page)
    assert "mischief" in page.locator(DONE).inner_text()
    button(page, "Withdraw").click()
    panel.get_by_text("Not allowed yet").wait_for()
    assert page.evaluate("window.ran") is None
    assert not [url for url in asked if "evil.invalid" in url]


def test_the_keyboard_is_enough(market: Callable[..., Page]) -> None:
    page = market("lab", "keys", kernel=False)
    press, type_text = page.keyboard.press, page.keyboard.type
    focused = functools.partial(page.evaluate, "document.activeElement.textContent")
    type_text("nothing at all")
    page.get_by_text("Nothing was found.").wait_for()
    press("Escape")
    type_text("digits")
    page.locator(".cube-List:not([aria-busy=true]) .cube-Row").first.filter(has_text="digits").wait_for()
    assert axe(page, ".cube-Market") == []
    press("ArrowDown")
    press("ArrowDown")
    press("ArrowUp")
    assert "digits" in focused()
    press("Enter")
    button(page, "Use").wait_for()
    press("Escape")
    page.wait_for_function("document.activeElement.matches('.cube-Row')")
    assert "digits" in focused()
    press("Enter")
    button(page, "Use").wait_for()
    assert axe(page, ".cube-Market") == []
    for _ in range(30):
        if focused() == "Use":
            break
        press("Tab")
    press("Enter")
    words(page).and_(page.locator("[data-is=cell]")).wait_for()
    assert len(page.evaluate(SOURCES)) == 3
    assert page.evaluate("document.activeElement.closest('.jp-Notebook') !== null")
    press("z")  # Jupyter's key that takes back what was done to cells
    page.wait_for_function(f"({SOURCES})().length === 1")


def test_without_a_notebook_a_new_one_is_made_and_a_template_is_copied(
    market: Callable[..., Page], jupyter: Jupyter
) -> None:
    page = market("lab", "none")
    template = jupyter.write("begin.ipynb", [{"cell_type": "markdown", "id": "b", "metadata": {}, "source": "begin"}])
    command = [sys.executable, "-m", "jupyter_cube", "new", "notebook", "start", "--path", str(jupyter.root / template)]
    subprocess.run([*command, "--publish"], check=True, capture_output=True, env=jupyter.env)
    execute(page, "docmanager:save")
    execute(page, "application:close-all")
    page.get_by_label("Search the market").fill("digits")
    row(page, "digits").click()
    words(page).filter(has_text="a new notebook").wait_for()
    button(page, "Use").click()
    page.locator(".jp-NotebookPanel:visible .jp-Cell").nth(1).wait_for()
    load, ready = page.evaluate(SOURCES)
    assert (load, ready.partition("@")[0]) == ("%load_ext jupyter_cube", "%%cube submit --require digits")
    execute(page, "jupyter-cube:search-market")
    page.get_by_label("Search the market").fill("start")
    button(page, "Notebook templates").click()
    row(page, "start").click()
    button(page, "Use").click()
    page.locator(".jp-NotebookPanel:visible .jp-MarkdownCell", has_text="begin").wait_for()
    assert (jupyter.root / "start.ipynb").is_file()
