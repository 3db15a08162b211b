"""Everything between Kafka and a served artifact.

`ingest` moves events into the warehouse, `stream` into the online store; `warehouse` holds the
raw tables; `quality` guards the boundaries; `defs` is the Dagster code location.
"""
