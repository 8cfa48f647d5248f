"""Where pictures come from: each kind is a file, or a folder of its own."""
