"""A drop folder: files that are put into it are classified once, then moved out of the way."""
