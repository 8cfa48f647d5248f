"""The daemon: wiring, the order of stopping, changes while it runs."""
