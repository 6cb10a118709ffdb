"""Cube Studio's own files: every entry comes over, and its job has the right words."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from cubestudio_entries import LAUNCHER, NASTY, commands, job_of, ran

from jupyter_cube.imports.base import Imported, import_file, original
from jupyter_cube.imports.imported import original_text
from jupyter_cube.imports.short_syntax import gpus, memory_mb, mounts
from jupyter_cube.marketplace.item import parse

DIRECTORY = os.environ.get("CUBE_TEST_CASES", "")
CASES = Path(DIRECTORY) / "cubestudio"
given = pytest.mark.skipif(not DIRECTORY, reason="CUBE_TEST_CASES names no directory of Cube Studio's files")


def files() -> dict[str, dict[str, Any]]:
    """The given files of job templates, by their names."""
    if not DIRECTORY:
        return {}
    return {file.name: json.loads(file.read_text("utf-8")) for file in sorted((CASES / "templates").iterdir())}


FILES = files()
ENTRIES = [(file, key) for file, entries in FILES.items() for key in entries]


@given
def test_counts() -> None:
    counted = {file: [one.kind for one in import_file(CASES / "templates" / file)] for file in FILES}
    assert {file[18:22]: (len(kinds), kinds.count("job")) for file, kinds in counted.items()} == {
        "2022": (23, 23),
        "2026": (96, 96),
    }
    (table,) = (CASES / "datasets").iterdir()
    assert [one.kind for one in import_file(table)] == ["", "dataset", "", "", ""]


@given
@pytest.mark.parametrize("file", FILES)
def test_every_entry_can_be_given_back(file: str) -> None:
    found = import_file(CASES / "templates" / file)
    assert len({one.name for one in found}) == len(found)
    assert {parse(one.text).origin["name"]: original(parse(one.text)) for one in found} == FILES[file]
    files = [json.loads(original_text(parse(one.text))) for one in found]
    assert {key: entry for each in files for key, entry in each.items()} == FILES[file]


def made(file: str, key: str) -> Imported:
    """A given entry as an item."""
    from jupyter_cube.imports.cubestudio import from_templates

    (one,) = from_templates({key: FILES[file][key]})
    return one


@given
@pytest.mark.parametrize(("file", "key"), ENTRIES)
def test_every_given_template_makes_a_job_with_the_right_words(file: str, key: str, tmp_path: Path) -> None:
    one = made(file, key)
    item = parse(one.text)
    job_of(one)
    values: dict[str, Any] = {"workdir": ""}
    expected: list[str] = []
    variables = [each for each in item.variables if item.origin["groups"][each.name] not in ("task", "Cube Studio")]
    keys = [name for group in FILES[file][key]["job_template_args"].values() for name in group]
    assert len(keys) == len(variables)
    for argument, variable in zip(keys, variables, strict=True):
        value = variable.choices[-1] if variable.choices else "12" if variable.pattern else NASTY
        value = "12G" if variable.pattern == "[0-9]*G" else value
        values[variable.name] = value
        expected += [argument, value]
    if "command" in keys:
        values |= {"workdir": "", "command": f"{LAUNCHER} x"}
        expected = ["x"]
    else:
        values["launcher"] = LAUNCHER
        expected = [word for name, word in zip(expected[::2], expected[1::2], strict=True)
                    if name not in ("images", "workdir") for word in (name, word)]  # fmt: skip
        if "workdir" in keys:
            values["workdir"] = ""
    assert ran(commands(one, **values), tmp_path)[1] == expected


@given
def test_given_mounts_and_resources() -> None:
    for case in json.loads((CASES / "golden/volume_mounts.json").read_text()):
        claims = {
            volume["name"]: volume["persistentVolumeClaim"]["claimName"]
            for volume in case.get("volumes", ())
            if "persistentVolumeClaim" in volume
        }
        expected = [
            (claims[mount["name"]], mount["mountPath"].removesuffix(f"/{case['username']}"))
            for mount in case.get("volumeMounts", ())
            if mount["name"] in claims
        ]
        found = [(name, path.rstrip("/")) for name, path in mounts(case["input"]).volumes]
        assert [each for each in found if each in expected] == expected, case["input"]
    golden = json.loads((CASES / "golden/resources.json").read_text())
    for case in golden["memory"]:
        size = case.get("output", "").rpartition("~")[2] or "0G"
        if case["input"] not in ("2Gi", "4G~2G"):  # here a spelling of Kubernetes, and the larger one
            assert memory_mb(case["input"]) == int(size[:-1]) * {"G": 1024, "M": 1}[size[-1]], case
    for case in golden["gpu"]:
        output = case["2026-07-15_516898e6"].get("output")
        if output is not None:
            assert gpus(case["input"])[0] == output[0]
        else:
            assert gpus(case["input"])[1], "what Cube Studio refuses comes over with a note"


@given
def test_the_counts_in_the_documentation() -> None:
    table = (Path(__file__).parents[1] / "docs/import.md").read_text("utf-8")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines() if line.startswith("| ")]
    said = [tuple(map(int, row[2:])) for row in rows if len(row) == 6 and row[2].isdigit()]
    templates = [CASES / "templates" / file for file in FILES]
    catalog = CASES.parent / "openpai/marketplace_items/catalog_examples.json"
    counted = []
    for file in (catalog, *templates, *(CASES / "datasets").iterdir()):
        kinds = [one.kind for one in import_file(file)]
        # a row may become two items
        entries = len(json.loads(catalog.read_text())) if file == catalog else len(kinds)
        counted.append((entries, kinds.count("job"), kinds.count("dataset"), kinds.count("")))
    assert said == counted
    stubs = sum("it is a stub" in " ".join(one.notes) for one in import_file(templates[1]))
    assert f"{stubs} are stubs" in table
