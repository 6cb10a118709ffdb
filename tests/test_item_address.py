"""Items with an address of their own: found, kept, and refused where they are none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from item_server import Handler, Server, files_of

from jupyter_cube.errors import BackendError, CubeError, SpecError, UsageError
from jupyter_cube.marketplace.catalog import Catalog
from jupyter_cube.marketplace.reference import Reference
from jupyter_cube.marketplace.sources.address import AddressSource
from jupyter_cube.marketplace.trust import Trust


def test_an_item_has_an_address_of_its_own(tmp_path: Path, serve: Callable[[Handler], Server]) -> None:
    (tmp_path / "mnist.yaml").write_text("name: mnist\nversion: 1.0.0\n")
    log: list[str] = []
    server = serve(files_of(tmp_path, log))
    catalog = Catalog([], Trust(tmp_path / "trust.json"))
    address = f"{server.url}/mnist.yaml"
    found = catalog.find(Reference(address=address))
    assert (found.item.label, found.source, found.trusted) == ("mnist@1.0.0", address, False)
    assert f"trust {address} {found.digest}" in catalog.trust.line(found)
    catalog.trust.add(found)
    assert catalog.find(Reference(address=address)).trusted
    assert log == ["/mnist.yaml"]
    again = AddressSource(address)
    assert not again.refresh()
    assert log[-1] == "304"
    (tmp_path / "mnist.yaml").write_text("name: mnist\nversion: 1.0.0\nplugin: cmd\n")
    assert again.refresh()
    assert not catalog.find(Reference(address=address)).trusted


def test_an_item_at_an_address_is_used_offline(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("name: a\n")
    server = Server(files_of(tmp_path, []))
    address = f"{server.url}/a.yaml"
    try:
        first = AddressSource(address).load("", "")
    finally:
        server.stop()
    with pytest.raises(BackendError):
        AddressSource(address).refresh()
    assert AddressSource(address).load("", "").digest == first.digest
    with pytest.raises(CubeError, match="cannot be fetched"):
        AddressSource(f"{server.url}/b.yaml").load("", "")


def test_what_is_at_an_address_must_be_an_item(tmp_path: Path, serve: Callable[[Handler], Server]) -> None:
    server = serve(files_of(tmp_path, []))
    for name, content in (("a", "<html></html>"), ("b", "nmae: a"), ("c", "- name: a\n- name: b\n")):
        (tmp_path / name).write_text(content)
        with pytest.raises(SpecError):
            AddressSource(f"{server.url}/{name}").load("", "")
    (tmp_path / "large").write_text("name: a\n" + "#" * (1 << 20))
    with pytest.raises(BackendError, match="cannot be fetched"):
        AddressSource(f"{server.url}/large").load("", "")


@pytest.mark.parametrize(
    "address",
    [
        *(
            "http://h/$(reboot)",
            "http://h/a;reboot",
            "http://h/`reboot`",
            "http://h/a|sh",
            "http://h/a'b",
            'http://h/"',
        ),
        *(
            "http://h/{exit()}",
            "http://h/<b>",
            "http://h/\\",
            "http://h/a b",
            "http://u:p@h/a",
            "http:///a",
            "http://h/\n",
        ),
    ],
)
def test_addresses_that_would_run_where_they_are_copied_to(address: str) -> None:
    with pytest.raises(UsageError, match="is no address of an item"):
        AddressSource(address)
