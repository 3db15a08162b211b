"""Loyalty points: lots in the ledger, earned by rules, spent oldest first, void after a time."""
