"""What a person waits for in Chromium: the card of a job, its first line, each line; against ``print`` in a cell.

``print`` runs on a server as it is, the cards on one whose kernel channels send at once.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import harness
from harness import Promise
from serving import UNDELAYED, Server, Wire

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Response, WebSocket

TASKS, TASK_LINES = 4, 500  # lines of 80 bytes, of which the page shows all
SLOW = "for i in $(seq {lines}); do printf '%079d\\n' $i; sleep 0.02; done"
LINES, PAUSE = 120, 0.25  # a person's pace: the delay of a line is asked for, not the room for many
# each line is the moment at which it was written
CLOCK = """import time
for _ in range({lines}):
    time.sleep({pause})
    print(f"at {{time.time() * 1000:.1f}};", flush=True)
"""
RUN = """async ([source, shown]) => {
    const panel = window.jupyterapp.shell.currentWidget;
    const cell = panel.content.activeCell;
    cell.model.sharedModel.setSource(source);
    const area = cell.outputArea.node;
    const seen = new Promise(resolve => {
        const found = () => shown.startsWith('.') ? area.querySelector(shown) : area.textContent.includes(shown);
        const observer = new MutationObserver(() => {
            if (found()) {
                observer.disconnect();
                resolve(performance.now());
            }
        });
        observer.observe(area, { childList: true, subtree: true, characterData: true });
    });
    const start = performance.now();
    const done = window.jupyterapp.commands.execute('notebook:run-cell');
    const delay = await seen - start;
    await done;
    return delay;
}"""
WATCH = """() => {
    window.cubeDelays = new Map();
    const area = window.jupyterapp.shell.currentWidget.content.activeCell.outputArea.node;
    new MutationObserver(() => {
        const now = performance.timeOrigin + performance.now();
        for (const [, moment] of area.textContent.matchAll(/at ([\\d.]+);/g)) {
            if (!window.cubeDelays.has(moment)) {
                window.cubeDelays.set(moment, now - Number(moment));
            }
        }
    }).observe(area, { childList: true, subtree: true, characterData: true });
}"""
NUMBERS = itertools.count()
BUILT = Path(__file__).parents[1] / "jupyter_cube" / "labextension"


def lab(place: Path) -> list[str]:
    """The options of a JupyterLab that has no extension but ours, asks nothing at the start and writes only there."""
    for name in ("SETTINGS", "WORKSPACES"):
        os.environ[f"JUPYTERLAB_{name}_DIR"] = str(place / name)
    news = place / "SETTINGS/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
    news.parent.mkdir(parents=True)
    news.write_text('{"fetchNews": "false", "checkForUpdates": false}')
    (place / "labextensions").mkdir()
    (place / "labextensions/jupyter-cube").symlink_to(BUILT)
    return ["--LabApp.expose_app_in_browser=True", f"--LabApp.labextensions_path={place / 'labextensions'}"]


@contextmanager
def notebook(server: Server, browser: Browser) -> Iterator[Page]:
    """JupyterLab with an empty notebook of that server, its kernel there."""
    spec = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    cell: dict[str, object] = {
        "cell_type": "code",
        "id": "a",
        "metadata": {},
        "source": "",
        "outputs": [],
        "execution_count": None,
    }
    book = {"nbformat": 4, "nbformat_minor": 5, "metadata": spec, "cells": [cell]}
    (server.root / "a.ipynb").write_text(json.dumps(book))
    page = browser.new_page()
    page.set_default_timeout(60_000)
    page.goto(f"http://{server.address}/lab/tree/a.ipynb?token={server.token}&reset")
    page.wait_for_function("() => window.jupyterapp?.shell.currentWidget?.content?.activeCell")
    page.evaluate(
        """async () => {
            const panel = window.jupyterapp.shell.currentWidget;
            await panel.context.ready;
            await panel.sessionContext.ready;
            await panel.sessionContext.session.kernel.info;
            panel.content.activeCellIndex = 0;
        }"""
    )
    page.evaluate(RUN, ["%load_ext jupyter_cube\nprint('loaded')", "loaded"])
    yield page
    page.close()


def printed(page: Page) -> float:
    """Milliseconds from running a cell to what it prints."""
    word = f"printed {next(NUMBERS)}"
    return float(page.evaluate(RUN, [f"print('{word[:3]}' + '{word[3:]}')", word]))


def card(page: Page) -> float:
    """... to the card of its job."""
    return submitted(page, ".cube-Card[data-state]")


def first_line(page: Page) -> float:
    """... to the first line of its job."""
    return submitted(page, f"line {next(NUMBERS)}")


def submitted(page: Page, shown: str) -> float:
    page.evaluate("window.jupyterapp.commands.execute('notebook:clear-cell-output')")
    milliseconds = float(page.evaluate(RUN, [f"%%cube submit --shell\necho {shown}", shown]))
    page.locator(".cube-Card[data-state=SUCCEEDED]").wait_for()
    return milliseconds


def delays(page: Page, server: Server) -> dict[str, list[float]]:
    """Milliseconds from writing a line to when a client of the socket has it, and to when it is in the page."""
    page.evaluate("window.jupyterapp.commands.execute('notebook:clear-cell-output')")
    page.evaluate(RUN, ["%%cube submit\n" + CLOCK.format(lines=LINES, pause=PAUSE), ".cube-Card[data-state]"])
    page.evaluate(WATCH)
    job = server.ask("cube/api/jobs?limit=1")["jobs"][0]["id"]
    heard: list[float] = []

    def listen() -> None:
        asyncio.set_event_loop(asyncio.new_event_loop())  # where the connection looks for one
        with Wire(server, "cube/api/socket") as wire:
            wire.say({"subscribe": "a", "to": "stream", "job": job})
            while "end" not in (message := wire.hear()[1]):
                now = time.time() * 1000
                for chunk in message.get("chunks", ()):
                    heard.extend(now - float(line.strip("at ;")) for line in chunk["lines"])

    thread = threading.Thread(target=listen)
    thread.start()
    page.locator(".cube-Card[data-state=SUCCEEDED]").wait_for()
    thread.join()
    seen = list(map(float, page.evaluate("[...window.cubeDelays.values()]")))
    for who, values in (("socket", heard), ("page", seen)):
        if len(values) < LINES * 0.8:  # the first ones may come before anybody looks
            raise RuntimeError(f"{len(values)} of {LINES} lines were seen by the {who}")
    return {"socket": heard, "page": seen}


def received(page: Page, server: Server) -> float:
    """Bytes that the page gets while its log view follows a job, for each byte of its lines."""
    options = {"shell": True, "instances": TASKS}
    bodies: list[Response] = []
    frames: list[str | bytes] = []

    def frame(payload: str | bytes) -> None:  # what is built in cannot be a listener
        frames.append(payload)

    def listen(one: WebSocket) -> None:
        if "/cube/api/" in one.url:
            one.on("framereceived", frame)

    page.on("response", lambda response: bodies.append(response) if "/cube/api/" in response.url else None)
    # the socket is there since the first card, and only a new one tells what it gets
    page.reload()
    page.on("websocket", listen)
    page.wait_for_function("() => window.jupyterapp?.shell.currentWidget?.content?.activeCell")
    page.evaluate("() => window.jupyterapp.restored")
    page.wait_for_timeout(2000)  # until nothing takes the place in front any more
    bodies.clear()
    frames.clear()
    job = server.ask("cube/api/jobs", {"text": SLOW.format(lines=TASK_LINES), "options": options})["id"]
    page.evaluate("job => window.jupyterapp.commands.execute('jupyter-cube:open-log', { job })", job)
    deadline = time.monotonic() + 120
    while server.ask(f"cube/api/jobs/{job}")["state"] not in ("SUCCEEDED", "FAILED") and time.monotonic() < deadline:
        page.wait_for_timeout(200)
    page.get_by_text(f"{TASK_LINES:079d}").first.wait_for()
    page.wait_for_timeout(1000)  # until it has asked for all
    size = sum(len(frame) for frame in frames) + sum(len(response.body()) for response in bodies)
    print(f"{len(frames)} messages, {sum(map(len, frames))} bytes; {len(bodies)} answers, {size} bytes in all\n")
    return size / (TASKS * TASK_LINES * 80)


def measure(rounds: int) -> list[Promise]:
    from playwright.sync_api import sync_playwright

    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None or not (BUILT / "package.json").exists():
        sys.exit("there must be a chromium, and benchmarks/run must have built the front end")
    options = lab(Path(os.environ["JUPYTER_RUNTIME_DIR"]))
    both = {"extensions": ["jupyterlab", "jupyter_cube"]}
    quiet = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-gpu"]
    with (
        Server(*options, **both) as stock,
        Server(*options, UNDELAYED, **both) as ours,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=quiet)
        with notebook(stock, browser) as plain, notebook(ours, browser) as page:
            found = harness.interleave(
                rounds,
                {
                    "print": lambda: printed(plain),
                    "card": lambda: card(page),
                    "first line": lambda: first_line(page),
                },
            )
            found |= delays(page, ours)
            bytes_each = received(page, ours)
        browser.close()
    for name, values in found.items():
        print(f"{name}: {harness.spread(values)} ms, p99 {harness.percentile(values, 0.99):.4g}")
    print()
    middle = {name: harness.median(values) for name, values in found.items()}
    more = harness.percentile(found["page"], 0.99) - harness.percentile(found["socket"], 0.99)
    theirs = middle["print"]
    return [
        Promise("cell -> card in the page", middle["card"], goal=0.5, peer="print", theirs=theirs),
        Promise("cell -> its first line", middle["first line"], goal=1, peer="print", theirs=theirs),
        Promise("line -> page, p99, more than to a client of the socket", more, goal=20),
        Promise("the page gets, a byte of a line in its log view", bytes_each, goal=1.3, unit="bytes"),
    ]


if __name__ == "__main__":
    harness.main(measure, rounds=20)
