"""Seeded shoppers, the second client of the store's public HTTP API; see docs/simulation.md.

The model is pure: `parameters`, `streams`, `people`, `catalogue`, `tastes`, `sessions`, `fraud` and
`experiments` say who comes when and what they would do, from the seed alone. The driver acts it
out: `visit` is one session, `browser` its requests, `wire` the connections, `timeline` the clock,
`journal` what a killed run goes on from, `truth` what only the simulation knows, `run` all of it.
"""
