"""What the extension costs a server: time to import and load, memory and CPU time while nobody asks for anything."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import harness
from harness import Promise
from serving import Server

# another extension is there already: what the first one costs is not ours
LOAD = """
import json, sys, time
from jupyter_server.serverapp import ServerApp
import jupyter_server_terminals
app = ServerApp(port=0, open_browser=False)
app.initialize(argv=["--allow-root", "--ServerApp.jpserver_extensions={'jupyter_server_terminals': True}"],
               new_httpserver=False, find_extensions=False)
start = time.perf_counter()
manager = app.extension_manager
manager.add_extension("jupyter_cube", enabled=True)
manager.link_extension("jupyter_cube")
manager.load_extension("jupyter_cube")
assert "jupyter_cube" in manager.extension_apps
print(json.dumps(1000 * (time.perf_counter() - start)))
"""
QUIET = 10.0  # seconds in which nothing is asked


def load_ms() -> float:
    """Milliseconds until the extension is imported and loaded, in a fresh process."""
    done = subprocess.run([sys.executable, "-c", LOAD], check=True, capture_output=True, text=True)
    return float(json.loads(done.stdout.splitlines()[-1]))


def unique_mb(pid: int) -> float:
    """Memory that the process alone has, MB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("Private_"))


def cpu_ms(pid: int) -> float:
    """CPU time of the process, to the nanosecond."""
    return sum(int(path.read_text().split()[0]) for path in Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e6


def quiet_ms(pid: int) -> float:
    """CPU time of the process in a second in which nobody asks for anything."""
    before = cpu_ms(pid)
    time.sleep(QUIET)
    return (cpu_ms(pid) - before) / QUIET


def measure(rounds: int) -> list[Promise]:
    load = [load_ms() for _ in range(rounds + 1)][1:]
    print(f"load: {harness.spread(load)} ms\n")
    memory: dict[str, list[float]] = {"with": [], "without": []}
    cpu: dict[str, list[float]] = {"with": [], "without": []}
    for _ in range(3):
        for name, extensions in (("with", ["jupyter_cube"]), ("without", [])):
            with Server(extensions=extensions) as server:
                time.sleep(2)
                memory[name].append(unique_mb(server.pid))
                cpu[name].append(quiet_ms(server.pid))
    for name, values in memory.items():
        print(f"{name}: {harness.spread(values)} MB, {harness.spread(cpu[name])} ms CPU a second")
    print()
    more_memory, more_cpu = (
        harness.median(found["with"]) - harness.median(found["without"]) for found in (memory, cpu)
    )
    return [
        Promise("import and load", harness.median(load), goal=150),
        Promise("memory of an idle server, more than without", more_memory, goal=15, unit="MB"),
        Promise("CPU time of it, more than without", more_cpu, goal=1, unit="ms/s"),
    ]


if __name__ == "__main__":
    harness.main(measure, rounds=7)
