"""One client at the broker, which comes back for ever."""
