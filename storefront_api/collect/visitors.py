"""What a request tells of the program that sends it, without what it would be known by."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from fastapi import Depends, Request

from storefront_api.collect.agents import agent_of
from storefront_api.collect.networks import Networks
from storefront_api.events.clickstream import Agent, Network
from storefront_api.platform.limits import Limiter


class Visitor(NamedTuple):
    """The classes of a request's `User-Agent` and address; neither of the two is kept."""

    agent: Agent
    network: Network


async def _visitor(request: Request) -> Visitor:
    limiter: Limiter = request.app.state.limiter
    networks: Networks = request.app.state.networks
    return Visitor(
        agent_of(request.headers.get("user-agent", "")), networks.of(limiter.address(request))
    )


Visiting = Annotated[Visitor, Depends(_visitor)]
"""Who sends a request, as a route's parameter; an address is known where a proxy tells it."""
