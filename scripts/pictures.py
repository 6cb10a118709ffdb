"""Take the pictures of docs/pictures: a real JupyterLab with a real job, by scripts/pictures."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "ui"))
from conftest import CHROMIUM  # noqa: E402
from live_jupyter import Jupyter, running  # noqa: E402

TRAIN = """%%cube submit --name train --instances 4
import os, time
rate = rates[int(os.environ["PAI_TASK_INDEX"])]
for epoch in range(1, 1000):
    print(f"epoch {epoch:3}  rate {rate}  loss {1 / (1 + epoch * rate):.4f}", flush=True)
    time.sleep(0.4)"""
CELLS = ["%load_ext jupyter_cube\n\nrates = [0.003, 0.01, 0.03, 0.1]", TRAIN]
CARD = ".jp-NotebookPanel:visible .cube-Card[data-link=live][data-state=RUNNING]"


def main() -> None:
    """Light and dark, the notebook with the card between the sidebar and the log."""
    made = ROOT / "docs" / "pictures"
    made.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as place, running(Path(place)) as jupyter, sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        page = browser.new_page(viewport={"width": 1360, "height": 760}, device_scale_factor=1.5, locale="en-GB")
        opened(page, jupyter)
        page.locator(CARD).wait_for()
        command(page, "jupyter-cube:show-jobs")
        page.wait_for_function("document.querySelectorAll('.cube-Card .cube-Tail-line').length >= 4")
        page.screenshot(path=made / "lab.png")
        command(page, "apputils:change-theme", theme="JupyterLab Dark")
        page.locator("body[data-jp-theme-light=false]").wait_for(state="attached")
        page.locator("#jupyterlab-splash").wait_for(state="detached")
        page.screenshot(path=made / "lab-dark.png")
        page.locator(CARD).get_by_role("button", name="Stop").click()
        page.locator(".cube-Card[data-state=STOPPED]").wait_for()
        browser.close()


def opened(page: Page, jupyter: Jupyter) -> None:
    """A notebook whose cells have been run."""
    cells = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "outputs": [], "execution_count": None, "source": source}
        for n, source in enumerate(CELLS)
    ]
    page.goto(jupyter.url("lab", jupyter.write("train.ipynb", cells, kernel=True)))
    page.locator(".jp-NotebookPanel:visible .jp-Cell").first.wait_for()
    page.evaluate(
        """async () => {
            const panel = window.jupyterapp.shell.currentWidget;
            await panel.context.ready;
            await panel.sessionContext.ready;
            await panel.sessionContext.session.kernel.info;
            await window.jupyterapp.commands.execute('notebook:run-all-cells');
        }"""
    )


def command(page: Page, name: str, **args: str) -> None:
    """Do what a command of the palette does."""
    page.evaluate(f"window.jupyterapp.commands.execute({json.dumps(name)}, {json.dumps(args)})")


if __name__ == "__main__":
    main()
