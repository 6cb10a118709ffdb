"""What runs inside a task or beside it, by any Python, without the rest of the package."""
