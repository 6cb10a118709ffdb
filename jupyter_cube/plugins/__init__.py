"""Plugins: what a prerequisite's ``plugin`` and its parameters become; also the name of an entry-point group."""
