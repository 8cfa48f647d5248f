"""What this computer says of itself, and lends: sensors, page-aligned memory, child processes."""
