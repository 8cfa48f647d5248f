"""A bundle's graph in 8 bits, beside the plain one, where it is as right."""
