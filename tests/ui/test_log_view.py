"""The log of a job, as a person looks through it in JupyterLab and in Notebook 7."""

from __future__ import annotations

import json
import re
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from live_jupyter import Jupyter

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

OPEN = "asked => { void window.jupyterapp.commands.execute('jupyter-cube:open-log', asked); }"
READY = "() => window.jupyterapp?.commands.hasCommand('jupyter-cube:open-log')"
ENTRY = struct.Struct("<QQQ")
LINES = 10_000_000
HOSTILE = r"""
import sys
write = sys.stdout.buffer.write
write(b"<img src=x onerror='window.ran=1'><script>window.ran=2</script><style>*{display:none}</style>\n")
write(b"\x1b]8;;javascript:window.ran=3\x1b\\evil\x1b]8;;\x1b\\ \x1b]8;;https://example.org/good\x1b\\good\x1b]8;;\x1b\\\n")
write(b"\x1b[2J\x1b[H\x1b]0;hacked\x07\x1b]52;c;aGk=\x07controls\x07\n")
write("exe\u202egnp.txt\u2066\n".encode())
write(b"10%\r60%\r100% done\n")
write(b"\x1b[1;31mred\x1b[0m \x1b[38;2;0;0;0mblack\x1b[0m\n")
write(b"M" * 1_000_000 + b"\n")
write(b"the end\n")
"""


def cube(jupyter: Jupyter, *words: str) -> str:
    command = [sys.executable, "-m", "jupyter_cube", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=jupyter.env).stdout


def submit(jupyter: Jupyter, name: str, *words: str, wait: bool = True) -> str:
    job: str = json.loads(cube(jupyter, "submit", "--json", "--name", name, *words))["id"]
    if wait:
        cube(jupyter, "wait", job)
    return job


@pytest.fixture
def open_log(page: Page, jupyter: Jupyter) -> Iterator[Callable[..., Locator]]:
    """``open_log(job, front_end="lab", **asked)`` gives the view; no error of our scripts goes unseen."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(f"{error.message}\n{error.stack}"))

    def open_it(job: str, front_end: str = "lab", **asked: Any) -> Locator:
        if "cube-open" not in page.url:
            page.goto(f"{jupyter.address}/{front_end}?token={jupyter.token}&reset#cube-open")
            page.wait_for_function(READY)
            if front_end == "lab":
                page.locator("#jupyterlab-splash").wait_for(state="detached")
        page.evaluate(OPEN, {"job": job, **asked})
        view = page.locator(".cube-Log:visible")
        view.locator(".cube-Log-row").first.wait_for()
        return view

    yield open_it
    ours = [error for error in errors if "/jupyter-cube/" in error]
    assert not ours, "\n".join(ours)


def rows(view: Locator) -> list[str]:
    return view.locator(".cube-Log-text").all_inner_texts()


def target(view: Locator, words: str) -> None:
    """The row that was asked for is there, and can be seen."""
    row = view.locator(".cube-Log-row[data-target=true]", has_text=re.compile(words))
    row.wait_for()
    row.page.wait_for_function(
        """row => {
            const [box, one] = [row.closest('.cube-Log-lines'), row].map(node => node.getBoundingClientRect());
            return one.top >= box.top && one.bottom <= box.bottom;
        }""",
        arg=row.element_handle(),
    )


def press(view: Locator, *keys: str) -> None:
    view.locator(".cube-Log-lines").focus()
    for key in keys:
        view.page.keyboard.press(key)


def count(view: Locator, words: str) -> None:
    view.locator(".cube-Search-count", has_text=words).wait_for()


def grows(page: Page, number: int) -> None:
    """The lines that can be seen come to a number, or are beyond it already."""
    page.wait_for_function(
        """number => [...document.querySelectorAll('.cube-Log-text')]
            .some(node => Number(/^line (\\d+)$/.exec(node.innerText)?.[1]) >= number)""",
        arg=number,
    )


def test_a_running_job_is_followed_to_its_end(
    page: Page, jupyter: Jupyter, open_log: Callable[..., Locator], tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    script = f"n=0; until [ -e {gate} ]; do n=$((n+1)); echo line $n; sleep 0.05; done; echo the end"
    job = submit(jupyter, "counting", "--instances", "2", "--", "bash", "-c", script, wait=False)
    try:
        view = open_log(job)
        page.locator(".lm-TabBar-tabLabel", has_text="counting").wait_for()
        follow = view.get_by_role("button", name="Follow")
        grows(page, 60)  # more than a screen
        grows(page, 80)
        assert follow.get_attribute("aria-pressed") == "true"
        view.locator(".cube-Log-lines").hover()
        page.mouse.wheel(0, -400)
        pill = view.get_by_role("button", name=re.compile("new line"))
        pill.wait_for()
        assert follow.get_attribute("aria-pressed") == "false"
        standing = view.locator(".cube-Log-lines").evaluate("node => node.scrollTop")
        before = int(re.findall(r"\d+", pill.inner_text())[0])
        page.wait_for_function(
            "([before]) => Number(/\\d+/.exec(document.querySelector('.cube-Log-pill').innerText)[0]) > before + 20",
            arg=[before],
        )
        assert view.locator(".cube-Log-lines").evaluate("node => node.scrollTop") == standing
        pill.click()
        assert follow.get_attribute("aria-pressed") == "true"
        gate.touch()
        page.wait_for_function(
            "[...document.querySelectorAll('.cube-Log-text')].filter(node => node.innerText === 'the end').length === 2"
        )
        view.get_by_role("button", name="End", exact=True).wait_for()
        page.reload()  # the workspace has the tab
        view.locator(".cube-Log-text", has_text="the end").first.wait_for()
    finally:
        gate.touch()


def test_a_search_goes_through_all_tasks_and_the_keys_do_the_rest(
    page: Page, jupyter: Jupyter, open_log: Callable[..., Locator]
) -> None:
    script = (
        "for i in $(seq 1 3000); do echo step $i of $PAI_TASK_INDEX; done; "
        "echo needle $PAI_TASK_INDEX; [ $PAI_TASK_INDEX = 1 ] && echo ValueError: no data; "
        "for i in $(seq 1 3000); do echo later $i; done"
    )
    job = submit(jupyter, "searched", "--instances", "3", "--", "bash", "-c", script)
    view = open_log(job)
    press(view, "g", "/")
    page.keyboard.type("NEEDLE")
    count(view, "3 lines")
    seen = []
    for key, words in (("Enter", "1 of 3"), ("Enter", "2 of 3"), ("Enter", "3 of 3"), ("Shift+Enter", "2 of 3")):
        page.keyboard.press(key)
        count(view, words)
        target(view, "needle")
        seen.append(view.locator("[data-target=true] .cube-Log-text").inner_text())
    assert sorted(seen[:3]) == ["needle 0", "needle 1", "needle 2"]
    assert seen[3] == seen[1]
    page.keyboard.press("Escape")
    press(view, "n")
    count(view, "3 of 3")
    press(view, "n")
    count(view, "1 of 3")
    view.get_by_text("from the start again").wait_for()
    view.get_by_role("textbox", name="Search the log").fill("(")
    view.get_by_role("button", name="Regular expression").click()
    view.get_by_text("not a regular expression").wait_for()
    view.get_by_role("textbox", name="Search the log").fill("")
    press(view, "e")
    target(view, "ValueError: no data")
    press(view, "2")
    view.get_by_role("button", name="worker-1").first.wait_for()
    page.wait_for_function(
        """() => {
            const tasks = [...document.querySelectorAll('.cube-Log-task')].map(node => node.innerText);
            return tasks.length > 10 && tasks.every(task => task === 'worker-1');
        }"""
    )
    press(view, "G")
    view.locator(".cube-Log-text", has_text=re.compile("^later 3000$")).wait_for()
    press(view, "g")
    view.locator(".cube-Log-text", has_text=re.compile("^step 1 of 1$")).wait_for()
    press(view, "0")
    view.get_by_role("button", name="All tasks").first.wait_for()
    view.get_by_role("button", name=re.compile("Errors")).click()
    page.wait_for_function("document.querySelectorAll('.cube-Log-row').length === 1")
    assert rows(view) == ["ValueError: no data"]
    view.get_by_role("button", name="Download the log").click()
    with page.expect_download() as download:
        view.get_by_role("link", name="All tasks, as text").click()
    assert Path(download.value.path()).read_text().count("needle") == 3


def big(jupyter: Jupyter) -> str:
    """A job with a log of ten million lines, which were written by nobody."""
    job = submit(jupyter, "big", "--", "true")
    folder = Path(jupyter.env["CUBE_STORE"]) / "jobs" / job
    began = time.time() - 3600
    rest = b" loss 0.123456 lr 0.00031 throughput 1234.5 it/s, and some more to be like a line\n"
    model = b"".join(b"step ????%04d" % number + rest for number in range(10_000))
    position, timeline = 0, bytearray()
    with (folder / "tasks" / "worker-0" / "1.log").open("wb") as file:
        for block in range(LINES // 10_000):
            data = model.replace(b"????", b"%04d" % block)
            if block == 300:
                data = data.replace(b"step 03000123 loss 0.123456", b"RuntimeError: exploded    1")
            file.write(data)
            position += len(data)
            when = int((began + 3 * block) * 1e6)
            timeline += ENTRY.pack(when, 1 << 48 | position, position)
    (folder / "timeline").write_bytes(timeline)
    return job


def test_ten_million_lines_scroll_like_ten(page: Page, jupyter: Jupyter, open_log: Callable[..., Locator]) -> None:
    job = big(jupyter)
    try:
        view = open_log(job)
        view.locator(".cube-Log-text", has_text="step 09999999").wait_for()
        press(view, "g")
        view.locator(".cube-Log-text", has_text="step 00000000").wait_for()
        strip = view.locator(".cube-Strip")
        box = strip.bounding_box()
        assert box is not None
        for share in (0.3, 0.8, 0.5):
            page.mouse.click(box["x"] + 8, box["y"] + box["height"] * share)
            page.wait_for_function(
                """share => [...document.querySelectorAll('.cube-Log-text')]
                    .some(node => Math.abs(Number(/step (\\d+)/.exec(node.innerText)?.[1]) / 1e7 - share) < 0.005)""",
                arg=share,
            )
        lines = view.locator(".cube-Log-lines")
        lines.hover()
        for _ in range(30):
            page.mouse.wheel(0, 3000)
            page.wait_for_function("document.querySelectorAll('.cube-Log-row').length > 20")
        numbers = [int(number) for number in re.findall(r"step (\d+)", lines.inner_text())]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        assert 5_000_000 < numbers[0] < 5_010_000
        assert lines.evaluate("node => node.querySelectorAll('*').length") < 2000
        view.get_by_role("textbox", name="Search the log").fill("step 09123456")
        page.keyboard.press("Enter")
        target(view, "step 09123456")
        view.get_by_role("textbox", name="Search the log").fill("")
        view.get_by_role("button", name="Go to").click()
        view.get_by_role("button", name=re.compile("First error")).click()
        target(view, "RuntimeError: exploded")
    finally:
        cube(jupyter, "delete", job)


def test_a_hostile_log_is_text(page: Page, jupyter: Jupyter, open_log: Callable[..., Locator], tmp_path: Path) -> None:
    (tmp_path / "hostile.py").write_text(HOSTILE)
    title = "JupyterLab"
    view = open_log(submit(jupyter, "hostile", "--", sys.executable, str(tmp_path / "hostile.py")))
    view.get_by_text("the end").wait_for()
    texts = rows(view)
    assert texts[0].startswith("<img src=x onerror='window.ran=1'><script>")
    assert texts[1:6] == ["evil good", "controls", "exegnp.txt", "100% done", "red black"]
    links = view.locator(".cube-Log-lines a")
    assert [link.get_attribute("href") for link in links.all()] == ["https://example.org/good"]
    assert view.locator(".cube-Log-lines :is(img, script, style, iframe, [onerror])").count() == 0
    assert page.evaluate("window.ran") is None
    assert title in page.title()
    red, black = view.locator(".cube-Log-text span").all()[:2]
    assert "var(--cube-ansi-1)" in (red.get_attribute("style") or "")
    assert black.evaluate("node => getComputedStyle(node).color") != "rgb(0, 0, 0)" or page.evaluate(
        "document.body.dataset.jpThemeLight === 'true'"
    )
    view.get_by_role("button", name=re.compile("show all, 996,000 more")).click()
    page.wait_for_function(
        "Math.max(...[...document.querySelectorAll('.cube-Log-text')].map(node => node.textContent.length)) >= 1e6"
    )


def test_notebook_7_shows_it_below(page: Page, jupyter: Jupyter, open_log: Callable[..., Locator]) -> None:
    view = open_log(submit(jupyter, "below", "--", "seq", "1", "500"), front_end="tree")
    view.locator(".cube-Log-text", has_text=re.compile("^500$")).wait_for()
    box = view.bounding_box()
    assert box is not None
    assert box["height"] > 200
    other = open_log(submit(jupyter, "other", "--", "echo", "hello"), front_end="tree")
    other.get_by_text("hello").wait_for()
    press(other, "g")
    page.locator(".lm-TabBar-tab", has_text="other").locator(".lm-TabBar-tabCloseIcon").click()
    view.locator(".cube-Log-text", has_text=re.compile("^500$")).wait_for()
