"""The vendors' ledger: what each was credited and charged, and whether it all agrees."""
