"""Job templates and forms: items of the kind ``job`` become jobs, and jobs become such items."""
