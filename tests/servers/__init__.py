"""Against real brokers, cameras and daemons, with a small bundle."""
