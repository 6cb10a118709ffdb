"""Jobs as they lie on the disk."""
