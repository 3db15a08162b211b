"""A world of few households, built once."""

from __future__ import annotations

import pytest

from deploy.demo.world import World, build

SAMPLE = 0.01


@pytest.fixture(scope="session")
def world() -> World:
    """One household in a hundred."""
    return build(SAMPLE)
