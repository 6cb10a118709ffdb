"""Descriptions with HTML in them as Markdown or as plain text."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9]*(?:\s[^<>]*)?/?>|&(?:#\d+|#x[0-9a-fA-F]+|[a-zA-Z]+);")
_BREAKS = ("br", "p", "div", "li", "tr")


def markdown(text: str) -> str:
    """The text with links and line breaks of HTML as Markdown has them, and without its other tags."""
    return _read(text, links=True)


def plain(text: str) -> str:
    """The text on one line, without tags."""
    return " ".join(_read(text, links=False).split())


def _read(text: str, *, links: bool) -> str:
    if not _TAG.search(text):
        return text.strip()
    reader = _Reader(links=links)
    reader.feed(text)
    reader.close()
    return reader.text().strip()


class _Reader(HTMLParser):
    def __init__(self, *, links: bool) -> None:
        super().__init__(convert_charrefs=True)
        self._links = links
        self._parts: list[str] = []
        self._address = ""
        self._begin = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._end_link()  # "<a>" where "</a>" was meant
            self._address = dict(attrs).get("href") or ""
            self._begin = len(self._parts)
        elif tag in _BREAKS:
            self._parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._end_link()

    def handle_data(self, data: str) -> None:
        self._parts.append(data)

    def text(self) -> str:
        self._end_link()
        return "".join(self._parts)

    def _end_link(self) -> None:
        if self._address and self._links:
            inside = "".join(self._parts[self._begin :]).strip()
            self._parts[self._begin :] = [f"[{inside or self._address}]({self._address})"]
        self._address = ""
