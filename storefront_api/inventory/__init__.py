"""Stock: a guarded number per variant, and the ledger of every movement."""
