"""`labeld watch`: what goes on, as a table in a terminal."""
