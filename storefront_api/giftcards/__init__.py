"""Gift cards: an account of the ledger each, found by a code that is kept only as a hash."""
