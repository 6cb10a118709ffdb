"""What a job is while it runs: its plan, its states, and how both are shown."""
