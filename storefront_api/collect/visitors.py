"""What a request tells of the program that sends it, without what it would be known by."""

from __future__ import annotations

from typing import NamedTuple

from starlette.types import Scope

from storefront_api.collect.agents import agent_of
from storefront_api.events.clickstream import Agent, Network


class Visitor(NamedTuple):
    """The classes of a request's `User-Agent` and address; neither of the two is kept."""

    agent: Agent
    network: Network


def visitor_of(scope: Scope, user_agent: str) -> Visitor:
    """Return who sends a request; an address is known where a proxy tells it."""
    state = scope["app"].state
    return Visitor(agent_of(user_agent), state.networks.of(state.limiter.address(scope)))
