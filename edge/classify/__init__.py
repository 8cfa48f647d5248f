"""The model bundle on disk, which form of it serves here, its proof, and its graph."""
