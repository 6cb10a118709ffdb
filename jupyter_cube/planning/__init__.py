"""From a checked job to the plan of what runs."""
