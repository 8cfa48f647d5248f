"""Scores to a decision, and what is new of a source."""
