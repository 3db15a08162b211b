"""The event contract: what the storefront promises to everyone who reads its events."""
