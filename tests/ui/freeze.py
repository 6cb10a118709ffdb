"""How long a page stands still: the longest time between two of its frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

PROBE = """() => {
    const gaps = [];
    let last = performance.now();
    let goes = true;
    const frame = now => {
        gaps.push(now - last);
        last = now;
        if (goes) {
            requestAnimationFrame(frame);
        }
    };
    requestAnimationFrame(frame);
    window.cubeGaps = () => {
        goes = false;
        return gaps.slice(1);
    };
}"""


@dataclass(frozen=True)
class Frames:
    """Milliseconds between the frames of a page."""

    gaps: list[float]

    @property
    def longest(self) -> float:
        return max(self.gaps)

    def below(self, milliseconds: float) -> float:
        """The share of frames that came in time."""
        return sum(gap < milliseconds for gap in self.gaps) / len(self.gaps)


def frames(page: Page, meanwhile: Callable[[], object]) -> Frames:
    """The frames while something is done."""
    page.evaluate(PROBE)
    meanwhile()
    return Frames(page.evaluate("window.cubeGaps()"))
