"""The merged log of a job's tasks."""
