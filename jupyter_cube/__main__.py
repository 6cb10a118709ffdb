"""The program ``jupyter cube``, also as ``python -m jupyter_cube``."""

from __future__ import annotations

import contextlib
import os
import sys


def main() -> int:
    """As ``cli.main``; an interrupt while that is still being imported is no traceback either."""
    try:
        from jupyter_cube import cli

        return cli.main()
    except KeyboardInterrupt:
        with contextlib.suppress(OSError):
            os.write(2, b"interrupted\n")
        return 130


if __name__ == "__main__":
    sys.exit(main())
