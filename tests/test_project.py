"""The project as a whole: its layout, its documents and what an import costs."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # comes with pytest there

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "jupyter_cube"
MODULES = sorted(path for path in PACKAGE.rglob("*.py"))
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("*/README.md")])
MADE = ("__pycache__", "labextension/node_modules", "labextension/lib", "jupyter_cube/labextension")


def ours() -> Iterator[Path]:
    """The files that people wrote."""
    for top in ("jupyter_cube", "tests", "docs", "scripts", "benchmarks", "notebooks", "labextension", ".ci"):
        for folder, folders, files in os.walk(ROOT / top):
            folders[:] = [one for one in folders if not f"{folder}/{one}".endswith(MADE)]
            yield from (Path(folder, file) for file in files)


OURS = sorted(ours())
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
FRONT_END: dict[str, Any] = json.loads((ROOT / "labextension" / "package.json").read_text())


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_is_short_and_says_what_it_is(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= 400
    if text:
        assert ast.get_docstring(ast.parse(text)), "no docstring"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_public_names_are_sorted_and_exist(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            names = ast.literal_eval(node.value)
            assert names == sorted(names)
            assert len(names) == len(set(names))


def test_every_name_of_the_package_can_be_imported() -> None:
    import jupyter_cube

    for public in jupyter_cube.__all__:
        assert getattr(jupyter_cube, public) is not None


def test_the_architecture_names_every_module() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    modules = {
        str(path.relative_to(PACKAGE).with_suffix("")).removesuffix("/__init__").replace("/", ".")
        for path in MODULES
        if path != PACKAGE / "__init__.py"
    }
    named = set(re.findall(r"^\| `([\w.]+)` \|", text, re.MULTILINE))
    assert named == modules


def test_every_dependency_has_its_reason() -> None:
    text = (ROOT / "docs" / "dependencies.md").read_text("utf-8")
    groups = [PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"].values()]
    for requirement in (word for group in groups for word in group):
        package = re.split(r"[\[><=!~ ]", requirement)[0]
        assert package == "jupyter-cube" or f"`{package}`" in text, requirement
    build = [
        *PROJECT["build-system"]["requires"],
        *PROJECT["tool"]["hatch"]["build"]["hooks"]["jupyter-builder"]["dependencies"],
    ]
    packages = [re.split(r"[><=]", requirement)[0] for requirement in build]
    for package in [*packages, *FRONT_END["dependencies"], *FRONT_END["devDependencies"]]:
        assert f"`{package}`" in text, package


def test_the_lock_file_of_the_front_end_names_no_registry() -> None:
    text = (ROOT / "labextension" / "package-lock.json").read_text("utf-8")
    assert "resolved" not in text
    locked = json.loads(text)["packages"][""]
    for group in ("dependencies", "devDependencies", "engines", "version"):
        assert locked[group] == FRONT_END[group], "run npm install in labextension/"


def test_the_version_is_one() -> None:
    import jupyter_cube

    assert jupyter_cube.__version__ == PROJECT["project"]["version"] == FRONT_END["version"]
    assert f"## [{jupyter_cube.__version__}]" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def anchors(document: Path) -> set[str]:
    """The targets of links to a document's headings."""
    headings = re.findall(r"^#+ (.+)$", document.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_links_resolve(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text("utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        linked = (path.parent / file).resolve() if file else path
        assert linked.exists(), target
        if anchor and linked.suffix == ".md":
            assert anchor in anchors(linked), target


def test_paths_named_in_the_readme_exist() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    for path in re.findall(r"\b((?:scripts|docs|notebooks|benchmarks)/[\w./-]*\w)", text):
        assert (ROOT / path).exists(), path


def test_every_benchmark_is_explained() -> None:
    text = (ROOT / "benchmarks" / "README.md").read_text("utf-8")
    for path in (ROOT / "benchmarks").glob("*.py"):
        assert f"`{path.name}`" in text


def test_nothing_depends_on_one_machine() -> None:
    # in pieces, so that this file does not name what it looks for
    places = re.compile("|".join(["/wo" + r"rk\b", "/op" + "t/cube", "/ro" + r"ot\b", r"\.\./sha" + "red"]))
    for path in [*OURS, ROOT / "pyproject.toml", *DOCUMENTS]:
        found = places.search(path.read_text("utf-8", errors="replace"))
        assert found is None, f"{name(path)}: {found}"


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=name)
def test_notebooks_are_stored_without_outputs(path: Path) -> None:
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@pytest.mark.parametrize(
    "module",
    ["archive", "bring", "connection", "environments", "fetch", "namespace", "pickling", "shim", "task", "worker"],
)
def test_what_runs_in_a_task_needs_nothing_but_python(module: str) -> None:
    code = f"import runpy; runpy.run_path({str(PACKAGE / 'task' / module)!r} + '.py', run_name='copy')"
    # -I -S: without installed packages and without this project
    subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True)


HEAVY = ("IPython", "asyncio", "jinja2", "jupyter_server", "kubernetes", "numpy", "yaml")
SHELL = "from IPython.core.interactiveshell import InteractiveShell; shell = InteractiveShell.instance(); "


@pytest.mark.parametrize(
    ("code", "allowed"),
    [
        pytest.param("import jupyter_cube", (), id="import"),
        pytest.param("import jupyter_cube.backends.local.runner", (), id="runner"),
        pytest.param("import jupyter_cube.backends.local.waiter", (), id="waiter"),
        pytest.param(SHELL + "shell.run_line_magic('load_ext', 'jupyter_cube')", ("IPython", "asyncio"), id="load_ext"),
        pytest.param("import jupyter_cube; jupyter_cube.submit('true', shell=True).wait()", ("asyncio",), id="submit"),
    ],
)
def test_nothing_heavy_is_imported(code: str, allowed: tuple[str, ...]) -> None:
    words = [sys.executable, "-c", f"{code}; import sys; print(*sys.modules)"]
    loaded = subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()
    assert set(HEAVY) & set(loaded) <= set(allowed)


def test_dir_shows_what_is_public() -> None:
    import jupyter_cube

    assert {name for name in dir(jupyter_cube) if not name.startswith("_")} == set(jupyter_cube.__all__)


def in_python() -> list[ast.expr]:
    """What the document's table of functions and methods names, as expressions."""
    section = (ROOT / "docs" / "jobs.md").read_text("utf-8").partition("## In Python\n")[2].partition("\n## ")[0]
    codes = re.findall(r"`(?:await )?((?:jupyter_cube|job)\.[^`]+)`", section)
    return [ast.parse(code, mode="eval").body for code in codes]


def test_the_functions_of_the_document_are_those_of_the_code() -> None:
    import jupyter_cube
    from jupyter_cube.submitting.options import Options

    owners = {"jupyter_cube": jupyter_cube, "job": jupyter_cube.Job}
    named: dict[str, set[str]] = {owner: set() for owner in owners}
    for each in in_python():
        found = each.func if isinstance(each, ast.Call) else each
        assert isinstance(found, ast.Attribute)
        assert isinstance(found.value, ast.Name)
        named[found.value.id].add(found.attr)
        member = getattr(owners[found.value.id], found.attr, None)
        if not isinstance(each, ast.Call):
            continue
        known = inspect.signature(member).parameters
        for word in each.keywords:
            assert (word.arg or "options") in known, ast.unparse(each)
        assert [ast.unparse(arg) for arg in each.args] == [
            name for name in known if name in {ast.unparse(arg) for arg in each.args}
        ]
    assert named["jupyter_cube"] == set(jupyter_cube.__all__) - {"load_ipython_extension"}
    options = (ROOT / "docs" / "jobs.md").read_text("utf-8").partition("are those of the verb: ")[2].partition(";")[0]
    assert re.findall(r"`(\w+)`", options) == [field.name for field in dataclasses.fields(Options)]
    public = {name for name in dir(jupyter_cube.Job) if not name.startswith("_")}
    assert named["job"] == public | {"notes"}


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=name)
def test_a_notebook_says_first_what_it_needs(path: Path) -> None:
    first, *cells = json.loads(path.read_text("utf-8"))["cells"]
    imported = re.findall(r"^(?:import|from) (\w+)", "\n".join("".join(cell["source"]) for cell in cells), re.MULTILINE)
    titles = {"numpy": "NumPy", "sklearn": "scikit-learn", "matplotlib": "matplotlib"}
    strangers = set(imported) - set(sys.stdlib_module_names)
    assert strangers
    for module in strangers:
        assert titles[module] in "".join(first["source"])
    assert "pip install 'jupyter-cube[demo]'" in "".join(first["source"])
