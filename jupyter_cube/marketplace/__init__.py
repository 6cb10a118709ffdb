"""The marketplace: items, where they come from, and how they require one another."""
