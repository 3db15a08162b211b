"""One router per model family, and those about serving itself."""
