"""A user's labelled photographs, as the rows that a network reads."""
