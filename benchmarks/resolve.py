"""A job that needs 10 of 10,000 items: text to resolved graph; and a graph of 10,000 nodes against a plain walk."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import harness
from harness import Promise
from jupyter_cube.errors import Fault
from jupyter_cube.marketplace import reference as references
from jupyter_cube.marketplace.graph import Node, Want, resolve
from jupyter_cube.marketplace.item import Item, Published
from jupyter_cube.marketplace.reference import Reference
from jupyter_cube.plugins.action import Requirement

ITEMS = 10_000
NODES = 10_000
EDGES = 3  # of each node

_ITEM = """\
name: {name}
version: 1.0.0
kind: dataset
summary: generated item {name}
tags: [one, two]
{require}plugin: cmd
plugin_params:
  callbacks:
  - event: taskStarts
    commands:
    - mkdir -p {{{{ dataPath }}}}
    - wget http://example.org/{name}.zip -O {{{{ dataPath }}}}/{name}.zip
template_variables:
- {{name: dataPath, type: path, default: /dataset/{name}}}
"""
_JOB = """\
protocolVersion: 2
name: needs_ten
type: job
prerequisites:
- {type: dockerimage, name: image, uri: python}
taskRoles:
  worker:
    prerequisites: [data]
    dockerImage: image
    resourcePerInstance: {cpu: 1, memoryMB: 100, gpu: 0}
    commands: [echo done]
extras:
  reference_prerequisites:
  - name: data
    require:
    - {name: "marketplace://name/item-0", template_variables: {dataPath: /dataset/x}}
"""
# In a process of its own, in which another item has been resolved: modules are loaded, the ten items were never read.
# Then jobs with ten other items each, which were never read either: what a kernel pays from its second job on.
_ONCE = """
import statistics, sys, time
from jupyter_cube.planning import compile
from jupyter_cube.protocol import spec
from jupyter_cube.submitting.shopping import Shopping
def resolved(text):
    start = time.perf_counter()
    job = spec.parse(text)
    graphs = compile.graphs_of(job, Shopping().market())
    return (time.perf_counter() - start) * 1000, len(graphs["worker"].nodes)
text = open(sys.argv[1]).read()
assert resolved(text.replace("item-0", "item-5009"))[1] == 2
milliseconds, nodes = resolved(text)
later = []
for number in range(10, 310, 10):
    took, others = resolved(text.replace("item-0", f"item-{number}"))
    assert others == nodes == 11
    later.append(took)
print(milliseconds, statistics.median(later))
"""


def write_items(root: Path) -> None:
    """``ITEMS`` items in a folder; of each ten the first requires the second, that the third, and so on."""
    for number in range(ITEMS):
        name = f"item-{number}"
        needed = f"require:\n- name: marketplace://name/item-{number + 1}\n" if number % 10 < 9 else ""
        folder = root / name / "1.0.0"
        folder.mkdir(parents=True)
        (folder / "item.yaml").write_text(_ITEM.format(name=name, require=needed))


def plain_walk(shelf: Mapping[str, Published], root: str) -> list[Node]:
    """A walk in depth that finds each item by its reference once and notes it; it checks and chooses nothing."""
    done: dict[str, Published] = {}
    order: list[Node] = []
    stack: list[tuple[Published, Iterator[Requirement]]] = []

    def enter(name: str) -> None:
        item = done[name] = shelf[references.parse(name).name]
        stack.append((item, iter(item.item.require)))

    enter(root)
    while stack:
        item, pending = stack[-1]
        for requirement in pending:
            if requirement.name not in done:
                enter(requirement.name)
                break
        else:
            stack.pop()
            needed = tuple(done[each.name].digest for each in item.item.require)
            order.append(Node(item.digest, item.item.name, item, {}, needed, ()))
    return order


def measure(rounds: int) -> list[Promise]:
    base = Path(os.environ["CUBE_STORE"])
    write_items(base / "marketplace" / "items")
    job = base.parent / "job.yaml"
    job.write_text(_JOB)

    later: list[float] = []

    def first_time() -> float:
        words = [sys.executable, "-c", _ONCE, str(job)]
        first, others = subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()
        later.append(float(others))
        return float(first)

    requires = {
        f"n{number}": tuple(f"n{other}" for other in range(number + 1, min(number + 1 + EDGES, NODES)))
        for number in range(NODES)
    }
    shelf = {
        name: Published(
            Item(
                name=name,
                version="1.0.0",
                require=tuple(Requirement(f"marketplace://name/{other}", bare=False) for other in others),
            ),
            "shelf",
            f"sha256:{name}",
            Path("/nowhere"),
        )
        for name, others in requires.items()
    }

    def find(reference: Reference) -> Published:
        return shelf[reference.name]

    def place(*_: object, **__: object) -> Fault:
        raise AssertionError("the graph has a fault")

    def resolved() -> float:
        wants = [Want(Requirement("marketplace://name/n0"), ("w",))]
        start = time.perf_counter()
        graph = resolve(wants, find=find, local={}, place=place)
        seconds = time.perf_counter() - start
        assert len(graph.nodes) == NODES
        return seconds * 1000

    def walked() -> float:
        start = time.perf_counter()
        order = plain_walk(shelf, "marketplace://name/n0")
        seconds = time.perf_counter() - start
        assert len(order) == NODES
        return seconds * 1000

    found = harness.interleave(rounds, {"first": first_time, "graph": resolved, "walk": walked})
    found["later"] = later
    print(", ".join(f"{name} {harness.spread(values)} ms" for name, values in found.items()), "\n")
    what = "a job with 10 of 10,000 items that were never read, parsed and resolved"
    return [
        Promise(f"{what}: the first of a process", harness.median(found["first"]), goal=3),
        Promise(f"{what}: the next ones", harness.median(later), goal=3),
        Promise(
            "a graph of 10,000 nodes",
            harness.median(found["graph"]),
            goal=2,
            peer="plain walk",
            theirs=harness.median(found["walk"]),
        ),
    ]


if __name__ == "__main__":
    harness.main(measure, rounds=10)
