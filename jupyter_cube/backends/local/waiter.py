"""The one process of a user that starts queued jobs when there is room: ``python -m ....local.waiter STORE``.

It lives while the user's queue is not empty. Killed at any moment it loses nothing: the queue is files, and a ticket
goes only when its job has been started.
"""

from __future__ import annotations

import os
import signal
import sys

from jupyter_cube import files
from jupyter_cube.backends.local import launch, start
from jupyter_cube.errors import CubeError, NotFoundError, StoreError
from jupyter_cube.host.host import Host
from jupyter_cube.host.ticket import Ticket
from jupyter_cube.store.folder import JobFolder

_PAUSE = 5.0  # seconds at most between looks at the queue


def main() -> int:
    """Serve the queue until it is empty; leave at once where another one does."""
    os.chdir("/")
    plain = start.host({}, gpus=False)
    lock = plain.waiter_lock()
    if lock is None:
        return 0
    while True:
        for ticket in plain.my_tickets():
            _try(ticket)
        if plain.leave(lock):
            return 0
        plain.wait_for_change(_PAUSE)


def _try(ticket: Ticket) -> None:
    try:
        folder = JobFolder(files.existing(ticket.job))
        limits = folder.record["host_limits"]
    except (NotFoundError, StoreError):
        ticket.remove()  # its folder is gone or damaged, which whoever looks at it is told
        return
    needs_gpus = any(request.gpu for request in ticket.demand.requests)
    here: Host = start.host(limits, gpus=needs_gpus)
    try:
        start.start_queued(here, ticket)
    except StoreError:
        # A full disk: its owner tries once more and says in its states how that went.
        ticket.remove()
        launch.spawn_owner(folder)
    except (CubeError, OSError) as error:
        sys.stderr.write(f"{folder.id}: {error}\n")  # it stays in the queue, tried again later


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(main())
