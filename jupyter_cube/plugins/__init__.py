"""Plugins: what a prerequisite's ``plugin`` and its parameters become. An entry-point group, ``jupyter_cube.plugins``."""
