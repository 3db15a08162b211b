"""A vendor's own stock: counted by file, and told of when it runs low."""
