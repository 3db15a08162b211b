"""Orders: priced, checked for fraud, and placed in one transaction with their stock and event."""
