"""Connected accounts and transfers of the local provider, asked by Stripe's own SDK."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.integration import plain
from tests.integration.payments.running import Receiver, Running
from tests.integration.storefront.conftest import until


def opened(running: Running, requested: bool = True) -> Any:
    wanted: Any = {
        "type": "express",
        "country": "DE",
        "capabilities": {"transfers": {"requested": requested}},
        "metadata": {"vendor_id": "v-1"},
    }
    return running.api.accounts.create(wanted)


def moved(running: Running, account: Any, amount: int = 500, **changed: Any) -> Any:
    options: Any = {"idempotency_key": changed.pop("key")} if "key" in changed else {}
    wanted: Any = {"amount": amount, "currency": "EUR", "destination": account.id, **changed}
    return running.api.transfers.create(wanted, options)


def test_an_account_takes_transfers_if_that_was_requested(
    running: Running, receiver: Receiver
) -> None:
    account = opened(running)
    assert (account.object, account.country) == ("account", "DE")
    assert account.capabilities.transfers == "active"
    assert account.metadata["vendor_id"] == "v-1"
    made = moved(running, account, transfer_group="g-1", metadata={"payout_id": "p"})
    assert isinstance(made, stripe.Transfer)
    assert (made.amount, made.currency, made.destination) == (500, "eur", account.id)
    assert (made.amount_reversed, made.reversed, made.reversals.data) == (0, False, [])
    assert made.metadata["payout_id"] == "p"
    assert running.api.transfers.retrieve(made.id).transfer_group == "g-1"
    until(lambda: receiver.types(made.id) == ["transfer.created"], "it is told")
    with pytest.raises(stripe.InvalidRequestError) as refused:
        moved(running, opened(running, False))
    assert refused.value.code == "insufficient_capabilities_for_transfer"


def test_the_same_key_moves_money_once(running: Running) -> None:
    account = opened(running)
    first, again = (moved(running, account, key="once") for _ in range(2))
    assert first.id == again.id
    with pytest.raises(stripe.IdempotencyError):
        moved(running, account, 501, key="once")
    wanted: Any = {"destination": account.id}
    assert [each.id for each in running.api.transfers.list(wanted).data] == [first.id]


def test_transfers_are_listed_newest_first_by_group_and_destination(running: Running) -> None:
    account, other = opened(running), opened(running)
    made = [moved(running, account, transfer_group="g-2").id for _ in range(3)]
    elsewhere = moved(running, other, transfer_group="g-2").id
    wanted: Any = {"transfer_group": "g-2", "limit": 2}
    page = running.api.transfers.list(wanted)
    assert ([each.id for each in page.data], page.has_more) == ([elsewhere, made[2]], True)
    assert [each.id for each in page.auto_paging_iter()] == [elsewhere, *made[::-1]]
    wanted = {"destination": account.id}
    assert [each.id for each in running.api.transfers.list(wanted).data] == made[::-1]


@pytest.mark.parametrize(
    ("changed", "param", "code"),
    [
        ({"destination": "acct_nobodys"}, "destination", "resource_missing"),
        ({"destination": ""}, "destination", "parameter_missing"),
        ({"currency": ""}, "currency", "parameter_missing"),
        ({"amount": "-1"}, "amount", "parameter_invalid_integer"),
    ],
)
def test_a_transfer_that_cannot_be_is_refused_by_name(
    running: Running, changed: dict[str, str], param: str, code: str
) -> None:
    wanted: Any = {"amount": 1, "currency": "eur", "destination": opened(running).id, **changed}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        running.api.transfers.create(wanted)
    assert (refused.value.param, refused.value.code) == (param, code)


def test_nobody_moves_money_without_the_key(running: Running) -> None:
    for method, path in (
        ("POST", "accounts"),
        ("POST", "transfers"),
        ("GET", "transfers"),
        ("GET", "transfers/tr_1"),
    ):
        assert plain.request(method, f"{running.url}/v1/{path}").status_code == 401
    with pytest.raises(stripe.InvalidRequestError, match="No such transfer"):
        running.api.transfers.retrieve("tr_1")
    too_many: Any = {"limit": 101}
    with pytest.raises(stripe.InvalidRequestError):
        running.api.transfers.list(too_many)
