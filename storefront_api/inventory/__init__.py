"""Stock in two tiers: what the store promises, and in which warehouses it is.

`stock` has one row a sku: orders and checkouts take from it and look at nothing else. Beneath it
`warehouse_stock` says what is where. What is sold is allocated to a warehouse afterwards. What is
free in all warehouses together is what may still be sold and what is sold and waits to be
allocated.

Whoever changes both locks rows of `stock` first, then those of warehouses, in order of sku and
warehouse, then accounts of the ledger.
"""
