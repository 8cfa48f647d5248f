"""Decisions to events to the broker, and what it has not acknowledged yet."""
