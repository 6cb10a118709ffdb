"""What a prerequisite cannot do without is said before anything is started."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from plans import Plan, Prerequisite, Role

from jupyter_cube.backends.local import needs


def plan(**more: object) -> Plan:
    one = Prerequisite("install_wget", {"taskStarts": "apt-get install -y wget"}, **more)  # type: ignore[arg-type]
    return Plan("p", (Role("w", "true", prerequisites=(one,)),))


def as_another(code: str) -> str:
    """What the code prints when it is not root that runs it."""
    words = [sys.executable, "-c", code]
    path = os.pathsep.join([str(Path(needs.__file__).parents[1]), str(Path(__file__).parent)])
    done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


CHECK = """
from jupyter_cube.backends.local import needs
from jupyter_cube.errors import CubeError
from jupyter_cube.lifecycle.plan import Plan, Prerequisite, Role
import os
if os.getuid() == 0:
    os.setuid(65534)
one = Prerequisite("install_wget", {{}}, needs=("root",), check={check!r})
try:
    print(needs.check(Plan("p", (Role("w", "true", prerequisites=(one,)),))))
except CubeError as error:
    print(error)
"""


def test_root_is_needed_by_an_ordinary_user() -> None:
    if os.getuid() == 0:
        assert needs.check(plan(needs=("root",))) == []
    said = as_another(CHECK.format(check=""))
    assert "install_wget needs root" in said
    assert "administrator" in said
    assert "needs root" in as_another(CHECK.format(check="true\nfalse"))
    assert as_another(CHECK.format(check="command -v sh")) == "[]"


@pytest.mark.skipif(not Path("/proc/net/route").exists(), reason="needs /proc/net")
def test_the_network_is_missed_where_there_is_no_default_route() -> None:
    with open("/proc/net/route") as file:
        default = any(line.split()[1] == "00000000" for line in file if line.strip())
    said = needs.check(plan(needs=("network",)))
    if default:
        assert said == []
    bare = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    alone = "from test_needs import *; print(needs.check(plan(needs=('network',))))"
    done = subprocess.run(
        ["unshare", "-rn", sys.executable, "-c", alone],
        capture_output=True,
        text=True,
        env={**bare, "PYTHONPATH": str(Path(__file__).parent)},
        check=False,
    )
    if done.returncode != 0 and "unshare" in done.stderr:
        pytest.skip("this host refuses network namespaces")
    assert "install_wget needs the network, and this machine has no default route and no proxy" in done.stdout
    done = subprocess.run(
        ["unshare", "-rn", sys.executable, "-c", alone],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent), "https_proxy": "http://proxy:3128"},
        check=True,
    )
    assert done.stdout == "[]\n"
