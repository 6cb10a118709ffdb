"""The Jupyter server extension: jobs, their logs and the marketplace for browsers and programs.

The server owns no job: every handler reads the store, or asks a job's owner for something, as a shell would.
"""
