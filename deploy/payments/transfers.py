"""Connected accounts and the transfers to them, as Stripe publishes them.

No balance is kept: every transfer to an account that may take it succeeds.
"""

from __future__ import annotations

import time

from deploy.payments.books import Books, Object, new
from deploy.payments.intents import ApiError, Form, amount_of, invalid

MAX_PAGE = 100
_WANTED = "capabilities[transfers][requested]"


def metadata(form: Form) -> dict[str, str]:
    """Return what a request says in `metadata[...]`."""
    prefix = "metadata["
    return {name[len(prefix) : -1]: form[name] for name in form if name.startswith(prefix)}


def open_account(books: Books, form: Form) -> Object:
    """Open a connected account; it takes transfers if that capability is requested."""
    transfers = "active" if form.get(_WANTED) == "true" else "inactive"
    account: Object = {
        "id": new("acct"),
        "object": "account",
        "capabilities": {"transfers": transfers},
        "charges_enabled": False,
        "country": form.get("country", "US"),
        "created": int(time.time()),
        "default_currency": form.get("default_currency", "usd"),
        "details_submitted": True,
        "email": form.get("email"),
        "metadata": metadata(form),
        "payouts_enabled": transfers == "active",
        "type": form.get("type", "express"),
    }
    books.put(account)
    return account


def transfer(books: Books, form: Form) -> Object:
    """Move money to a connected account."""
    for name in ("currency", "destination"):
        if not form.get(name):
            raise invalid(f"Missing required param: {name}.", "parameter_missing", param=name)
    destination = form["destination"]
    account = books.find(destination)
    if account is None or account["object"] != "account":
        message = f"No such destination: '{destination}'"
        raise invalid(message, "resource_missing", param="destination")
    if account["capabilities"]["transfers"] != "active":
        message = "Your destination account needs to have the transfers capability enabled."
        raise invalid(message, "insufficient_capabilities_for_transfer")
    id_ = new("tr")
    moved: Object = {
        "id": id_,
        "object": "transfer",
        "amount": amount_of(form, "amount"),
        "amount_reversed": 0,
        "balance_transaction": new("txn"),
        "created": int(time.time()),
        "currency": form["currency"].lower(),
        "description": form.get("description"),
        "destination": destination,
        "destination_payment": new("py"),
        "livemode": False,
        "metadata": metadata(form),
        "reversals": {
            "object": "list",
            "data": [],
            "has_more": False,
            "total_count": 0,
            "url": f"/v1/transfers/{id_}/reversals",
        },
        "reversed": False,
        "source_transaction": None,
        "source_type": "card",
        "transfer_group": form.get("transfer_group"),
    }
    books.put(moved)
    books.tell("transfer.created", moved)
    return moved


def find(books: Books, id_: str) -> Object:
    """Return a transfer."""
    found = books.find(id_)
    if found is None or found["object"] != "transfer":
        message = f"No such transfer: '{id_}'"
        raise ApiError(404, "invalid_request_error", "resource_missing", message, param="id")
    return found


def page(books: Books, form: Form) -> Object:
    """List transfers, newest first, of one group or to one destination if that is asked for."""
    limit = amount_of(form, "limit", 10)
    if limit > MAX_PAGE:
        raise invalid(f"Invalid limit: {limit}", "parameter_invalid_integer", param="limit")
    wanted = {name: form[name] for name in ("transfer_group", "destination") if form.get(name)}
    found = [
        each
        for each in books.every("transfer")
        if all(each[name] == value for name, value in wanted.items())
    ]
    after = form.get("starting_after")
    if after:
        find(books, after)
        ids = [each["id"] for each in found]
        found = found[ids.index(after) + 1 :] if after in ids else []
    return {
        "object": "list",
        "data": found[:limit],
        "has_more": len(found) > limit,
        "url": "/v1/transfers",
    }
