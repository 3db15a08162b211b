"""Commission: a rate that is frozen with each line of an order, and comes back with its money."""
