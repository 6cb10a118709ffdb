"""Importing what other systems have: OpenPAI's jobs and marketplace, Cube Studio's templates and datasets."""
