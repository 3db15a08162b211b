"""What a caller prefers products to be, in the terms of the rules in force."""

from __future__ import annotations

from storefront_api.catalog.rules import Trait, in_force
from storefront_api.identity.profile import preferences_of
from storefront_api.platform.auth import Caller
from storefront_api.services import Services

Traits = tuple[Trait, ...]


async def preferred(services: Services, caller: Caller | None) -> Traits:
    """Return the traits that a caller prefers, in the order of the rules.

    Only for an account anything is looked up; everybody else prefers nothing.
    """
    if caller is None or caller.account_id is None:
        return ()
    wanted = (await preferences_of(services.pool, caller)).wanted()
    if not wanted:
        return ()
    return tuple(each for each in in_force(services.clock()).traits if each.trait in wanted)


def named(traits: Traits) -> str:
    """Return a name of an order by traits; empty for none."""
    return "+".join(trait.trait for trait in traits)
