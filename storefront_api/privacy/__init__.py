"""What the store holds of a person: taken out as a file, and erased."""
