"""Stripe Connect as the provider of payouts: transfers to connected accounts, by its own SDK.

Separate charges and transfers: the store takes the shopper's payment as its own and moves each
vendor's share later. A transfer's group is the payout, by which it is found after Stripe has
forgotten the idempotency key.
"""

from __future__ import annotations

import stripe

from storefront_api.platform.payout_provider import Transfer
from storefront_api.platform.stripe_provider import RETRIES, TIMEOUT_S, asked


class StripeTransfers:
    """A `PayoutProvider`.

    Parameters
    ----------
    url
        Base URL of the API.
    key
        The account's secret key.
    """

    def __init__(self, url: str, key: str) -> None:
        self._http = stripe.AIOHTTPClient(timeout=TIMEOUT_S)
        self._api = stripe.StripeClient(
            key,
            base_addresses={"api": url},
            http_client=self._http,
            max_network_retries=RETRIES,
        ).v1

    async def transfer(
        self, amount_minor: int, currency: str, destination: str, reference: str
    ) -> Transfer:
        """Move money to a connected account."""
        call = self._api.transfers.create_async(
            {
                "amount": amount_minor,
                "currency": currency.lower(),
                "destination": destination,
                "transfer_group": reference,
                "metadata": {"payout_id": reference},
            },
            {"idempotency_key": reference},
        )
        return _transfer(await asked(call))

    async def find(self, reference: str) -> Transfer | None:
        """Return what was moved under a reference."""
        call = self._api.transfers.list_async({"transfer_group": reference, "limit": 1})
        found = (await asked(call)).data
        return _transfer(found[0]) if found else None

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close_async()  # type: ignore[no-untyped-call]


def _transfer(told: stripe.Transfer) -> Transfer:
    return Transfer(told.id, told.amount, told.currency.upper(), str(told.destination))
