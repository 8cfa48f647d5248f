"""`labeld doctor`: what this machine, its software and a configuration are like, and what to do."""
