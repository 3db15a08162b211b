"""Products and their variants: what is on offer, in what size, at what list price."""
