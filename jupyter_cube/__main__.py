"""``python -m jupyter_cube``: the same as ``jupyter cube``."""

from __future__ import annotations

import sys

from jupyter_cube.cli import main

sys.exit(main())
