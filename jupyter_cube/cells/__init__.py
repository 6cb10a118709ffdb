"""From a notebook's cell to a job, and values back."""
