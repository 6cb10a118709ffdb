"""What people do with items."""
