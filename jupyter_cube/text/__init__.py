"""Documents as people write them: YAML and JSON with places, and values read from them."""
