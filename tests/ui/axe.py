"""What axe-core, an engine of accessibility rules, has against a part of a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

GRAVE = ("serious", "critical")


def axe(page: Page, selector: str) -> list[str]:
    """The serious and critical faults of all that the selector finds, each with the element; none is what is wanted."""
    from axe_playwright_python.sync_playwright import Axe

    assert page.locator(selector).count(), f"nothing to look at: {selector}"
    found = Axe().run(page, context=selector).response
    return [
        f"{fault['id']}: {fault['help']}: {node['html']:.300}"
        for fault in found["violations"]
        if fault["impact"] in GRAVE
        for node in fault["nodes"]
    ]
