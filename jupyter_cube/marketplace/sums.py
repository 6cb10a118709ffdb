"""Digests of large files that were read before, as long as the file system says that nothing has changed.

The time of a file's last change (ctime) cannot be set by its owner, so other content has another one.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Callable

from jupyter_cube import files
from jupyter_cube.marketplace.places import marketplace_path

LEAST = 1 << 20  # bytes; smaller files are read faster than looked up
_SETTLED = 2.0  # seconds; what changed just now may change again within one tick of the clock


def sha256(path: str, status: os.stat_result, compute: Callable[[], str]) -> str:
    """The digest of a file's content.

    Args:
        status: of the open file, from before it is read.
        compute: reads it.
    """
    if status.st_size < LEAST:
        return compute()
    key = hashlib.sha256(os.fsencode(os.path.abspath(path))).hexdigest()[:32]
    record = marketplace_path() / "sums" / key
    signature = [status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        known = json.loads(record.read_bytes())
        if known["signature"] == signature:
            return str(known["sha256"])
    found = compute()
    if time.time() - status.st_ctime > _SETTLED:
        with contextlib.suppress(OSError):  # it is only a cache
            record.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            files.replace(record, json.dumps({"signature": signature, "sha256": found}))
    return found
