"""What an IPython session has of it."""
