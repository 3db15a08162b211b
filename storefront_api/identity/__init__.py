"""Accounts: who somebody is, how that is proved, what the account may do, and what it prefers."""
