"""Evidence streams: canonical tables in, result rows out; one module per stream."""
