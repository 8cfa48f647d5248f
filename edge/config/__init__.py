"""labeld.yaml as frozen dataclasses, with every fault at once."""
