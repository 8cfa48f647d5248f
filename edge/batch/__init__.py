"""The rows that the graph reads: a batch, and how long it may wait."""
