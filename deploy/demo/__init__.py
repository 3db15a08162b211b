"""A world to look at: a year of real baskets replayed, fraud injected; see docs/demo-world.md.

`source` reads the data, `people`, `products` and `baskets` make a marketplace of it, `fraud` adds
what the data lacks; `history` imports by Kafka, `live` goes through the HTTP API; `stages` runs all
of it in order, `report` says what came out.
"""
