"""Experiments whose true effect is known."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal

from deploy.demo.shoppers.parameters import Experiment


def treated(experiment: Experiment, anonymous_id: str) -> bool:
    """Return whether a cookie is treated: SHA-256 of salt and id, read as a share of its range.

    Anybody who knows the salt can tell the same from the clickstream.
    """
    digest = hashlib.sha256(f"{experiment.salt}:{anonymous_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2.0**64 < experiment.treated


def effect(
    experiments: Sequence[Experiment], acts_on: Literal["add", "checkout"], anonymous_id: str
) -> float:
    """Return what the arms of a cookie add to the log-odds of something."""
    return sum(
        experiment.effect
        for experiment in experiments
        if experiment.acts_on == acts_on and treated(experiment, anonymous_id)
    )


def full_effect(experiments: Sequence[Experiment], acts_on: Literal["add", "checkout"]) -> float:
    """Return what all experiments on something together add when they treat."""
    return sum(experiment.effect for experiment in experiments if experiment.acts_on == acts_on)
