"""From what a person typed to what is committed."""
