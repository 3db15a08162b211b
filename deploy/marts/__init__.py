"""What analysts ask the marts for on the command line, and whether the marts can be trusted."""
