"""The verbs: what magics and command line can say, how it is parsed and what it does, written once for both."""
