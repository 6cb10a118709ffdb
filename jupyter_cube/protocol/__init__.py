"""OpenPAI's job protocol v2: from text to a checked job, and back."""
