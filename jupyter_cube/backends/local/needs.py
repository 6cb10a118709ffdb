"""What prerequisites cannot do without on this machine, said before anything is started."""

from __future__ import annotations

import os
import subprocess

from jupyter_cube.errors import UsageError
from jupyter_cube.lifecycle.plan import Plan, Prerequisite

_CHECK_LIMIT = 5.0  # seconds
_UP, _REJECT = 0x1, 0x200


def check(plan: Plan) -> list[str]:
    """Lines for the person about what is missing and may yet come.

    Raises:
        UsageError: a prerequisite needs root, which this user is not, and has not been met already.
    """
    warnings = []
    everything = {one.name: one for role in plan.roles for one in role.prerequisites if one.needs}
    for one in everything.values():
        if "root" in one.needs and os.geteuid() != 0 and not _met(one):
            raise UsageError(
                f"{one.name} needs root, which this user is not",
                place=one.item or f"prerequisite {one.name}",
                hint="let an administrator install what it brings, or leave it out",
            )
        if "network" in one.needs and not (_has_proxy() or _has_route()):
            warnings.append(f"{one.name} needs the network, and this machine has no default route and no proxy")
    return warnings


def _met(one: Prerequisite) -> bool:
    if not one.check:
        return False
    script = f"set -o errexit\n{one.check}\n"
    try:
        done = subprocess.run(["bash", "-c", script], capture_output=True, timeout=_CHECK_LIMIT, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _has_proxy() -> bool:
    """The submitter's environment, which tasks inherit, names a proxy."""
    return any(os.environ.get(name) for name in ("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy"))


def _has_route() -> bool:
    """There is a default route, or nobody can tell."""
    try:
        with open("/proc/net/route") as file:
            rows = [line.split() for line in file][1:]
    except OSError:
        return True
    if any(row[1] == "00000000" and row[7] == "00000000" and int(row[3], 16) & _UP for row in rows if len(row) > 7):
        return True
    try:
        with open("/proc/net/ipv6_route") as file:
            rows = [line.split() for line in file]
    except OSError:
        return False
    return any(
        row[:2] == ["0" * 32, "00"] and row[9] != "lo" and not int(row[8], 16) & _REJECT for row in rows if len(row) > 9
    )
