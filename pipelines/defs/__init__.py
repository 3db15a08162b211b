"""The Dagster code location: thin assets around the functions that do the work.

One module per step of the asset graph, in order: `raw`, `transform`, `people`, `quality`,
`publish`, `learn`; then `automation` for what starts them. Nothing outside imports Dagster.
"""
