"""Which head on which features suits some photographs, found without a network."""
