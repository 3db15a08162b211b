"""Appoint a super admin: `python -m storefront_api.appoint E-MAIL`.

For the first one, and for the day when none is left who can log in. No route does it: it takes
the database's and Valkey's addresses. The account has to be registered and verified before.
"""

from __future__ import annotations

import argparse
import asyncio
import sys

from storefront_api.app import create_app
from storefront_api.events.identity import AccountRole
from storefront_api.identity import roles
from storefront_api.platform.errors import StoreError
from storefront_api.services import Services


async def appoint(email: str) -> None:
    """Make the account of an e-mail address a super admin.

    Raises
    ------
    StoreError
        If there is none, it is not verified, or Valkey is away.
    """
    app = create_app()
    async with app.router.lifespan_context(app):
        services: Services = app.state.services
        found = await roles.find(services, email.strip().lower())
        await roles.change(
            services, roles.OPERATOR, found.account_id, AccountRole.SUPER_ADMIN, "", ""
        )


def main(arguments: list[str]) -> int:
    """Appoint whom the arguments name; return the exit status."""
    parser = argparse.ArgumentParser(description="Appoint a super admin.")
    parser.add_argument("email", help="Of an account that is registered and verified.")
    try:
        asyncio.run(appoint(parser.parse_args(arguments).email))
    except StoreError as error:
        sys.stderr.write(f"error: {error.problem.detail}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
