"""Pages for people: how good a model is, what it gets wrong, and what the photographs are like."""
