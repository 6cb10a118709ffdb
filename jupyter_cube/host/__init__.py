"""What a machine has, and who holds it."""
