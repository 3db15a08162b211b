"""Ordering what is listed by what a shopper prefers; pure, for whoever lists products."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Set
from typing import TypeVar

from storefront_api.identity.schemas import Preferences

Item = TypeVar("Item")


def share_met(preferences: Preferences, attributes: Set[str]) -> float:
    """Return the share of a shopper's preferences that a product meets, from 0 to 1.

    Parameters
    ----------
    attributes
        Names of what the product is, such as `plastic_free`; unknown ones do not count.

    Returns
    -------
    The share; 0 for a shopper without preferences. A search engine can add it, weighted, to its
    own score.
    """
    wanted = preferences.wanted()
    return len(wanted & attributes) / len(wanted) if wanted else 0.0


def preferred_first(
    items: Iterable[Item], preferences: Preferences, attributes_of: Callable[[Item], Set[str]]
) -> list[Item]:
    """Return items so that those which meet more preferences come first.

    Nothing is left out, and items that meet as many keep the order in which they came.
    """
    return sorted(items, key=lambda item: -share_met(preferences, attributes_of(item)))
