"""Followed vendors: each follower once, and counted right, however many come at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx

from storefront_api.events import Topic
from storefront_api.events.social import VendorFollowedV1
from tests.integration.storefront.conftest import Database
from tests.integration.storefront.paying import Outbox
from tests.integration.storefront.reviewing import Goods

Shoppers = Callable[[], httpx.Client]


def test_twenty_clicks_of_each_of_ten_people_are_ten_followers(
    partner: httpx.Client, new_shopper: Shoppers, outbox: Outbox, database: Database
) -> None:
    vendor = Goods(partner).vendor_id
    people = [new_shopper() for _ in range(10)]
    path = f"/vendors/{vendor}/follow"
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda person: person.put(path), people * 20))
    assert {answer.status_code for answer in answers} == {200}
    count = {"vendor_id": vendor, "followers": 10}
    assert partner.get(f"/vendors/{vendor}/followers").json() == count
    query = "SELECT count(*) FROM vendor_follows WHERE vendor_id = $1"
    assert database.value(query, vendor) == 10
    told = outbox(Topic.SOCIAL, vendor)
    counted = [event.data.followers for event in told if isinstance(event, VendorFollowedV1)]
    assert sorted(counted) == list(range(1, 11))
    with ThreadPoolExecutor(20) as threads:
        list(threads.map(lambda person: person.delete(path), people[:4] * 20))
    assert people[0].put(path).json()["followers"] == 7
    types = Counter(event.type for event in outbox(Topic.SOCIAL, vendor))
    assert types == {"vendor_followed": 11, "vendor_unfollowed": 4}


def test_people_see_what_they_follow(partner: httpx.Client, new_shopper: Shoppers) -> None:
    person, other = new_shopper(), new_shopper()
    vendors = sorted(Goods(partner).vendor_id for _ in range(3))
    for vendor in vendors:
        person.put(f"/vendors/{vendor}/follow")
    first = person.get("/follows", params={"limit": 2}).json()
    assert first["vendor_ids"] == vendors[:2]
    rest = person.get("/follows", params={"limit": 2, "after": first["next_cursor"]}).json()
    assert rest == {"vendor_ids": vendors[2:], "next_cursor": ""}
    assert other.get("/follows").json()["vendor_ids"] == []


def test_only_a_vendor_with_something_to_sell_is_followed(
    partner: httpx.Client, shopper: httpx.Client
) -> None:
    refused = shopper.put("/vendors/nobody/follow")
    assert (refused.status_code, refused.json()["field"]) == (404, "path.vendor_id")
    assert shopper.delete("/vendors/nobody/follow").json()["followers"] == 0
    assert shopper.get("/vendors/nobody/followers").json()["followers"] == 0
    assert partner.put("/vendors/nobody/follow").status_code == 403
