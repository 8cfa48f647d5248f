"""What labeld answers over HTTP."""
