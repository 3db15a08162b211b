"""Benchmarks: `ecomarket bench NAME` runs `deploy/bench/<name>.py` and shows what came out.

A benchmark is a module with ``run(seed: int) -> BenchResult``. Peers run beside us in the same
run, alternating, and a figure is the median of at least five.
"""
