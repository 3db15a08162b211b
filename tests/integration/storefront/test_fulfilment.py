"""From order to door: allocated, packed, labelled and scanned, with a history to read."""

from __future__ import annotations

import itertools
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from storefront_api.events import Topic
from storefront_api.events.fulfilment import ShipmentStatusChangedV1
from tests.integration import plain
from tests.integration.storefront.conftest import Database
from tests.integration.storefront.goods import key, line, new_sku, order
from tests.integration.storefront.paying import Outbox
from tests.integration.storefront.sending import (
    allocated,
    delivered,
    history,
    labelled,
    packed,
    placed,
    scan,
    told,
    whats,
)

Shoppers = Callable[[], httpx.Client]


def test_an_order_goes_from_placed_to_delivered_and_its_history_tells_how(
    partner: httpx.Client, shopper: httpx.Client, store_url: str, outbox: Outbox
) -> None:
    order_id = placed(partner, shopper, 3)["order_id"]
    assert shopper.get(f"/orders/{order_id}").json()["status"] == "placed"
    first = labelled(partner, order_id, line_1=2)
    second = labelled(partner, order_id)
    assert [part["lines"][0]["quantity"] for part in (first, second)] == [2, 1]
    number = first["tracking_number"]
    journey = [scan("announced"), scan("accepted", 1), scan("delivered", 5)]
    assert told(store_url, number, *journey).json() == {"shipments": 1}
    assert shopper.get(f"/orders/{order_id}").json()["status"] == "packed"
    told(store_url, second["tracking_number"], scan("accepted", 1))
    assert shopper.get(f"/orders/{order_id}").json()["status"] == "shipped"
    told(store_url, second["tracking_number"], scan("delivered", 6))
    assert history(shopper, order_id)["status"] == "delivered"
    assert whats(shopper, order_id) == [
        "placed",
        *("allocated", "packed", "labelled") * 2,
        "delivered",
        "shipped",
        "delivered",
    ]
    shipments = shopper.get(f"/orders/{order_id}/shipments").json()
    assert [part["status"] for part in shipments] == ["delivered", "delivered"]
    types = Counter(event.type for event in outbox(Topic.FULFILMENT, order_id))
    assert types == {
        "shipment_created": 2,
        "shipment_status_changed": 5,
        "shipment_delivered": 2,
    }


def test_a_late_older_scan_never_moves_the_status_back(
    partner: httpx.Client, shopper: httpx.Client, store_url: str, outbox: Outbox
) -> None:
    scans = [scan("accepted", 1), scan("out_for_delivery", 3), scan("delivered", 5)]
    for told_in in itertools.permutations(scans):
        order_id = placed(partner, shopper)["order_id"]
        shipment = labelled(partner, order_id)
        reached = []
        for each in [*told_in, told_in[0]]:
            told(store_url, shipment["tracking_number"], each)
            reached.append(shopper.get(f"/orders/{order_id}").json()["status"])
        assert reached[-1] == "delivered"
        assert reached == sorted(reached, key=["shipped", "delivered"].index)
        shown = partner.get(f"/shipments/{shipment['shipment_id']}").json()
        assert [each["kind"] for each in shown["scans"]] == [each["kind"] for each in scans]
        moved = [
            (event.data.before.value, event.data.status.value)
            for event in outbox(Topic.FULFILMENT, order_id)
            if isinstance(event, ShipmentStatusChangedV1)
        ]
        assert moved[-1][1] == "delivered"
        assert [before for before, _ in moved[1:]] == [after for _, after in moved[:-1]]


def test_never_more_is_allocated_than_was_ordered_whoever_allocates_at_once(
    partner: httpx.Client, shopper: httpx.Client, database: Database
) -> None:
    order_id = placed(partner, shopper, 7)["order_id"]
    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(lambda _: allocated(partner, order_id, line_1=2), range(12)))
    assert Counter(answer.status_code for answer in answers) == {201: 3, 409: 9}
    refused = next(answer.json() for answer in answers if answer.status_code == 409)
    assert refused["code"] == "over_allocated"
    assert refused["details"] == [{"line_number": 1, "wanted": 2}]
    query = "SELECT sum(quantity) FROM shipment_lines WHERE order_id = $1"
    assert database.value(query, uuid.UUID(order_id)) == 6
    assert allocated(partner, order_id).json()["lines"][0]["quantity"] == 1
    assert allocated(partner, order_id).status_code == 409
    with pytest.raises(Exception, match="no_more_is_allocated_than_ordered"):
        database.rows(
            "UPDATE order_lines SET allocated = 8 WHERE order_id = $1", uuid.UUID(order_id)
        )


def test_an_allocation_of_several_lines_is_made_whole_or_not_at_all(
    partner: httpx.Client, shopper: httpx.Client
) -> None:
    order_id = placed(partner, shopper, 2, 1)["order_id"]
    assert allocated(partner, order_id, line_1=1, line_2=2).status_code == 409
    assert allocated(partner, order_id, line_1=2, line_2=1).status_code == 201


def test_a_shipment_is_allocated_once_under_one_key(
    partner: httpx.Client, shopper: httpx.Client
) -> None:
    order_id = placed(partner, shopper, 2)["order_id"]
    header, body = key(), {"carrier": "store", "lines": [{"line_number": 1, "quantity": 1}]}
    path = f"/orders/{order_id}/shipments"
    first, second = (partner.post(path, json=body, headers=header) for _ in range(2))
    assert (first.status_code, first.text) == (201, second.text)
    assert len(shopper.get(path).json()) == 1


def test_a_voided_shipment_gives_its_units_back_and_a_sent_one_is_not_voided(
    partner: httpx.Client, shopper: httpx.Client, store_url: str
) -> None:
    order_id = placed(partner, shopper, 2)["order_id"]
    shipment = labelled(partner, order_id)
    path = f"/shipments/{shipment['shipment_id']}"
    assert [partner.delete(path).json()["status"] for _ in range(2)] == ["voided", "voided"]
    assert shopper.get(f"/orders/{order_id}").json()["status"] == "placed"
    told(store_url, shipment["tracking_number"], scan("delivered"))
    assert shopper.get(f"/orders/{order_id}").json()["status"] == "placed"
    again = labelled(partner, order_id)
    told(store_url, again["tracking_number"], scan("accepted"))
    refused = partner.delete(f"/shipments/{again['shipment_id']}")
    assert (refused.status_code, refused.json()["code"]) == (409, "shipment_state")
    assert whats(shopper, order_id)[4:] == [
        "released",
        "allocated",
        "packed",
        "labelled",
        "shipped",
    ]


def test_a_label_is_bought_once_and_only_of_what_is_packed(
    partner: httpx.Client, shopper: httpx.Client
) -> None:
    order_id = placed(partner, shopper, 2)["order_id"]
    unpacked = allocated(partner, order_id, line_1=1).json()["shipment_id"]
    for method, path in (("GET", "rates"), ("POST", "label")):
        body = {"service": "standard"} if method == "POST" else None
        answer = partner.request(method, f"/shipments/{unpacked}/{path}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "shipment_state")
    shipment = packed(partner, order_id, line_1=1)
    path = f"/shipments/{shipment['shipment_id']}"
    rates = partner.get(f"{path}/rates").json()
    assert [(rate["service"], rate["price_minor"]) for rate in rates] == [
        ("standard", 360),
        ("express", 805),
    ]
    refused = partner.post(f"{path}/label", json={"service": "rocket"})
    assert (refused.status_code, refused.json()["code"]) == (409, "carrier_refused")
    with ThreadPoolExecutor(6) as threads:
        bought = list(
            threads.map(
                lambda _: partner.post(f"{path}/label", json={"service": "express"}), range(6)
            )
        )
    assert len({answer.json()["tracking_number"] for answer in bought}) == 1
    assert whats(shopper, order_id).count("labelled") == 1
    assert (
        partner.post(f"{path}/pack", json={"packaging": "none", "mass_grams": 1}).status_code == 409
    )


def test_the_stores_own_people_deliver_without_labels(
    partner: httpx.Client, shopper: httpx.Client
) -> None:
    order_id = placed(partner, shopper, 2)["order_id"]
    shipment = delivered(partner, order_id)
    assert shopper.get(f"/orders/{order_id}").json()["status"] == "delivered"
    path = f"/shipments/{shipment['shipment_id']}"
    assert partner.post(f"{path}/label", json={"service": "standard"}).status_code == 409
    wrong = (
        {"kind": "packed"},
        {"kind": "delivered", "scanned_at": "2199-01-01T00:00:00Z"},
    )
    answers = [partner.post(f"{path}/scans", json=body) for body in wrong]
    assert [answer.json()["field"] for answer in answers] == ["body.kind", "body.scanned_at"]


def test_forged_unreadable_and_unknown_scans_change_nothing(
    partner: httpx.Client, shopper: httpx.Client, store_url: str
) -> None:
    order_id = placed(partner, shopper)["order_id"]
    number = labelled(partner, order_id)["tracking_number"]
    assert told(store_url, number, scan("delivered"), secret="another").status_code == 401
    assert told(store_url, number, {"kind": "lost"}).status_code == 422
    assert told(store_url, "LC-1-none", scan("delivered")).json() == {"shipments": 0}
    assert told(store_url, number, scan("packed"), scan("delivered", 100)).json() == {
        "shipments": 0
    }
    path = f"{store_url}/webhooks/carriers/nobody"
    assert plain.post(path, json={}, headers={"X-Signature": "t=1"}).status_code == 404
    assert shopper.get(f"/orders/{order_id}").json()["status"] == "packed"


def test_what_was_sold_over_the_counter_is_delivered_and_never_sent(
    partner: httpx.Client,
) -> None:
    body = order(line(new_sku(partner)), channel="till", subject="s-9")
    sold = partner.post("/orders", json=body, headers=key()).json()
    assert sold["status"] == "delivered"
    assert history(partner, sold["order_id"])["status"] == "delivered"
    refused = allocated(partner, sold["order_id"])
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing_to_send")


def test_a_shopper_sees_nothing_of_others_and_sends_nothing(
    partner: httpx.Client, new_shopper: Shoppers
) -> None:
    owner, stranger = new_shopper(), new_shopper()
    order_id = placed(partner, owner)["order_id"]
    for path in ("history", "shipments"):
        assert owner.get(f"/orders/{order_id}/{path}").status_code == 200
        assert stranger.get(f"/orders/{order_id}/{path}").status_code == 404
        assert partner.get(f"/orders/{uuid.uuid4()}/{path}").status_code == 404
    assert allocated(owner, order_id).status_code == 403
    assert allocated(partner, order_id, carrier="pigeon").json()["field"] == "body.carrier"
    assert allocated(partner, str(uuid.uuid4())).status_code == 404
    assert partner.get(f"/shipments/{uuid.uuid4()}").status_code == 404


def pages(client: httpx.Client, **query: Any) -> list[list[str]]:
    found, after = [], ""
    while True:
        page = client.get("/orders", params={**query, "after": after}).json()
        found.append([each["order_id"] for each in page["orders"]])
        after = page["next_cursor"]
        if not after:
            return found


def test_a_caller_pages_through_its_orders_latest_first_while_others_are_placed(
    partner: httpx.Client, new_shopper: Shoppers
) -> None:
    owner, other = new_shopper(), new_shopper()
    mine = [placed(partner, owner)["order_id"] for _ in range(5)]
    placed(partner, other)
    assert pages(owner, limit=2) == [mine[4:2:-1], mine[2:0:-1], mine[:1]]
    first = owner.get("/orders", params={"limit": 3}).json()
    newest = placed(partner, owner)["order_id"]
    rest = owner.get("/orders", params={"limit": 3, "after": first["next_cursor"]}).json()
    assert [each["order_id"] for each in rest["orders"]] == mine[1::-1]
    assert owner.get("/orders", params={"limit": 1}).json()["orders"][0]["order_id"] == newest
    delivered(partner, newest)
    assert owner.get("/orders").json()["orders"][0]["status"] == "delivered"
    assert new_shopper().get("/orders").json() == {"orders": [], "next_cursor": ""}
    for wrong in ("nonsense", "e30="):
        refused = owner.get("/orders", params={"after": wrong})
        assert (refused.status_code, refused.json()["field"]) == (422, "query.after")


def test_a_partner_lists_what_it_placed_even_of_the_same_instant(partner: httpx.Client) -> None:
    body = order(line(new_sku(partner)), subject="s-same")
    at = {"X-Occurred-At": "2100-01-01T00:00:00Z"}
    orders = {
        partner.post("/orders", json=body, headers={**key(), **at}).json()["order_id"]
        for _ in range(4)
    }
    assert len(orders) == 4
    found = list(itertools.islice(itertools.chain.from_iterable(pages(partner, limit=3)), 4))
    assert set(found) == orders


@pytest.mark.parametrize(
    "table", ["order_changes", "shipment_scans", "packaging_options", "packaging_prices"]
)
def test_what_happened_is_never_changed(
    table: str, partner: httpx.Client, shopper: httpx.Client, database: Database
) -> None:
    delivered(partner, placed(partner, shopper)["order_id"])
    with pytest.raises(Exception, match=f"{table} is append-only"):
        database.rows(f"DELETE FROM {table}")
