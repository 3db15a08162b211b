"""Reviews: by buyers, one for a line, looked at by rules and people, counted right."""

from __future__ import annotations

import random
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest

from storefront_api.events import Topic
from storefront_api.events.social import ReviewModeratedV1, ReviewPostedV1
from tests.integration import plain
from tests.integration.storefront.conftest import Database
from tests.integration.storefront.goods import key
from tests.integration.storefront.paying import Outbox
from tests.integration.storefront.reviewing import Goods, decided, post, posted, recounted

Shoppers = Callable[[], httpx.Client]


@pytest.fixture
def goods(partner: httpx.Client) -> Goods:
    """A product to buy."""
    return Goods(partner)


def test_a_buyer_reviews_and_everybody_reads_it(
    goods: Goods, shopper: httpx.Client, store_url: str, outbox: Outbox
) -> None:
    review = posted(shopper, goods, rating=5, title=" Fine ", body="Keeps well.\n\nBuy it.")
    assert (review["state"], review["revision"], review["title"]) == ("published", 1, "Fine")
    with plain.Client(base_url=store_url) as anybody:
        (read,) = goods.reviews(anybody)
        assert read["body"] == "Keeps well.\n\nBuy it."
        assert not {"author", "order_id"} & read.keys()
        rating = goods.rating(anybody)
    assert (rating["count"], rating["stars"], rating["mean"]) == (1, [0, 0, 0, 0, 1], 5.0)
    assert rating["weighted"] == round(20 / 6, 2)
    assert rating["prior"]["mean"] == 3.0
    assert "IMDb" in rating["prior"]["source"]
    (event,) = outbox(Topic.SOCIAL, review["review_id"])
    assert isinstance(event, ReviewPostedV1)
    assert (event.data.characters, event.data.vendor_id) == (20, goods.vendor_id)
    assert "Keeps well" not in event.model_dump_json()


def test_without_reviews_a_product_is_shown_with_the_prior(
    goods: Goods, shopper: httpx.Client
) -> None:
    rating = goods.rating(shopper)
    assert (rating["count"], rating["mean"], rating["weighted"]) == (0, None, 3.0)


def test_only_who_bought_it_reviews_it(
    goods: Goods, partner: httpx.Client, new_shopper: Shoppers, database: Database
) -> None:
    buyer, stranger = new_shopper(), new_shopper()
    bought = goods.bought(buyer)
    refused = post(stranger, bought)
    assert (refused.status_code, refused.json()["field"]) == (404, "body.order_id")
    assert post(buyer, {**bought, "line_number": 2}).status_code == 404
    assert post(buyer, {**bought, "order_id": str(uuid.uuid4())}).status_code == 404
    other = {**bought, "product_id": Goods(partner).product_id}
    wrong = post(buyer, other)
    assert (wrong.status_code, wrong.json()["field"]) == (422, "body.line_number")
    assert post(partner, bought).status_code == 403
    assert recounted(database, goods.product_id) == [0] * 5


@pytest.mark.parametrize(
    ("opinion", "field"),
    [
        ({"rating": 0}, "body.rating"),
        ({"rating": 6}, "body.rating"),
        ({"title": "x" * 121}, "body.title"),
        ({"body": "  \n "}, "body.body"),
        ({"body": "x" * 5001}, "body.body"),
        ({"body": "nothing\x00"}, "body.body"),
    ],
)
def test_an_opinion_has_its_limits(
    opinion: dict[str, Any], field: str, goods: Goods, shopper: httpx.Client
) -> None:
    refused = post(shopper, {**goods.bought(shopper)}, **opinion)
    assert (refused.status_code, refused.json()["field"]) == (422, field)


def test_twenty_at_once_are_one_review(
    goods: Goods, shopper: httpx.Client, database: Database, outbox: Outbox
) -> None:
    bought = goods.bought(shopper)
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda _: post(shopper, bought), range(20)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 19}
    (identity,) = {answer.json()["review_id"] for answer in answers}
    assert recounted(database, goods.product_id) == [0, 0, 0, 1, 0]
    assert goods.rating(shopper)["stars"] == [0, 0, 0, 1, 0]
    assert len(outbox(Topic.SOCIAL, identity)) == 1


def test_twenty_at_once_under_one_key_are_one_review(
    goods: Goods, shopper: httpx.Client, database: Database
) -> None:
    body = {**goods.bought(shopper), "rating": 2, "body": "No."}
    same = key()
    with ThreadPoolExecutor(20) as threads:
        answers = list(
            threads.map(lambda _: shopper.post("/reviews", json=body, headers=same), range(20))
        )
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert shopper.post("/reviews", json=body, headers=same).status_code == 201
    assert recounted(database, goods.product_id) == [0, 1, 0, 0, 0]


def test_a_line_has_one_review_and_each_order_its_own(goods: Goods, shopper: httpx.Client) -> None:
    bought = goods.bought(shopper)
    assert post(shopper, bought, rating=1).status_code == 201
    refused = post(shopper, bought, rating=2)
    assert (refused.status_code, refused.json()["code"]) == (409, "already_reviewed")
    assert post(shopper, goods.bought(shopper), rating=2).status_code == 201
    assert goods.rating(shopper)["stars"] == [1, 1, 0, 0, 0]


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ("Cheaper at http://elsewhere.example", "link@1"),
        ("Write to me@home.example", "mail_address@1"),
        ("Call +49 170 1234567 for more", "telephone@1"),
        ("The vendor is an IDIOT.", "insult@1"),
        ("NEVER EVER BUY THIS THING AGAIN HERE", "shouting@1"),
        ("Sooooooooooooo good", "noise@1"),
    ],
)
def test_a_rule_holds_a_review_until_a_moderator_has_read_it(
    body: str,
    rule: str,
    goods: Goods,
    shopper: httpx.Client,
    partner: httpx.Client,
    outbox: Outbox,
    database: Database,
) -> None:
    review = posted(shopper, goods, body=body)
    assert (review["state"], review["held_for"]) == ("held", [rule])
    assert goods.reviews(shopper) == []
    assert goods.rating(shopper)["count"] == 0
    (mine,) = shopper.get("/account/reviews").json()["reviews"]
    assert mine == review
    assert decided(shopper, review, "published").status_code == 403
    assert decided(partner, review, "published").json()["state"] == "published"
    assert len(goods.reviews(shopper)) == 1
    assert goods.rating(shopper)["count"] == 1
    told = outbox(Topic.SOCIAL, review["review_id"])
    assert [event.type for event in told] == ["review_posted", "review_moderated"]
    assert isinstance(told[1], ReviewModeratedV1)
    assert (told[1].data.was, told[1].data.decision) == ("held", "published")
    log = "SELECT decision, reason, moderator FROM review_moderations WHERE review_id = $1"
    rows = database.rows(log, UUID(review["review_id"]))
    assert [tuple(row) for row in rows] == [("published", "read it", "partner")]
    with pytest.raises(asyncpg.PostgresError, match="append-only"):
        database.rows("DELETE FROM review_moderations")


@pytest.mark.parametrize(
    "body",
    [
        "Costs 12.50 EUR for 1000 g, 20 pieces, batch 2026-03-01.",
        "The BBC and NASA like it, I do too. EXTRAORDINARILY GOOD!",
        "Assess the classic shitake mushrooms",
        "50% less plastic; mail came @ noon",
    ],
)
def test_what_only_looks_alike_is_not_held(body: str, goods: Goods, shopper: httpx.Client) -> None:
    assert posted(shopper, goods, body=body)["state"] == "published"


def test_what_was_rejected_comes_back_only_by_a_moderator(
    goods: Goods, shopper: httpx.Client, partner: httpx.Client
) -> None:
    bought = goods.bought(shopper)
    review = post(shopper, bought, rating=1).json()
    path = f"/reviews/{review['review_id']}"
    assert decided(partner, review, "rejected").json()["state"] == "rejected"
    assert goods.rating(shopper)["count"] == 0
    edited = shopper.put(path, json={"rating": 1, "body": "Now friendlier."}).json()
    assert (edited["state"], edited["held_for"]) == ("held", ["rejected_before@1"])
    assert shopper.delete(path).status_code == 204
    again = post(shopper, bought, rating=1).json()
    assert (again["review_id"], again["state"]) == (review["review_id"], "held")
    assert decided(partner, again, "published").json()["state"] == "published"
    assert goods.rating(shopper)["stars"] == [1, 0, 0, 0, 0]


def test_a_decision_is_about_the_text_that_was_read(
    goods: Goods, shopper: httpx.Client, partner: httpx.Client
) -> None:
    review = posted(shopper, goods, body="See www.elsewhere.example")
    path = f"/reviews/{review['review_id']}"
    shopper.put(path, json={"rating": 4, "body": "See http://worse.example"})
    refused = decided(partner, review, "published")
    assert (refused.status_code, refused.json()["code"]) == (409, "text_changed")
    assert goods.reviews(shopper) == []
    shopper.delete(path)
    assert decided(partner, {**review, "revision": 2}, "published").status_code == 404
    assert decided(partner, {**review, "review_id": uuid.uuid4()}, "published").status_code == 404


def test_the_same_decision_under_one_key_is_taken_once(
    goods: Goods, shopper: httpx.Client, partner: httpx.Client, database: Database
) -> None:
    review, same = posted(shopper, goods), key()
    body = {"decision": "rejected", "revision": 1, "reason": "spam"}
    path = f"/reviews/{review['review_id']}/moderations"
    answers = [partner.post(path, json=body, headers=same) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    count = "SELECT count(*) FROM review_moderations WHERE review_id = $1"
    assert database.value(count, UUID(review["review_id"])) == 1


def test_an_author_edits_and_deletes_and_nobody_else_does(
    goods: Goods, new_shopper: Shoppers, outbox: Outbox
) -> None:
    author, stranger = new_shopper(), new_shopper()
    review = posted(author, goods, rating=2)
    path, opinion = f"/reviews/{review['review_id']}", {"rating": 5, "body": "Better now."}
    assert stranger.put(path, json=opinion).status_code == 404
    assert stranger.delete(path).status_code == 404
    edited = author.put(path, json=opinion).json()
    assert (edited["rating"], edited["revision"], edited["title"]) == (5, 2, "")
    assert author.put(path, json=opinion).json() == edited
    assert goods.rating(author)["stars"] == [0, 0, 0, 0, 1]
    assert stranger.put(f"{path}/helpful").json()["helpful"] == 1
    assert [author.delete(path).status_code for _ in range(2)] == [204, 204]
    assert author.put(path, json=opinion).status_code == 404
    assert author.get("/account/reviews").json()["reviews"] == []
    assert goods.rating(author)["count"] == 0
    assert stranger.put(f"{path}/helpful").status_code == 404
    told = [event.type for event in outbox(Topic.SOCIAL, review["review_id"])]
    assert told == ["review_posted", "review_edited", "review_voted", "review_deleted"]


def test_what_was_deleted_has_no_text_and_no_votes_any_more(
    goods: Goods, new_shopper: Shoppers, database: Database
) -> None:
    author, reader = new_shopper(), new_shopper()
    bought = goods.bought(author)
    review = post(author, bought, rating=2).json()
    reader.put(f"/reviews/{review['review_id']}/helpful")
    author.delete(f"/reviews/{review['review_id']}")
    query = "SELECT title, body, helpful FROM reviews WHERE review_id = $1"
    identity = UUID(review["review_id"])
    assert [tuple(row) for row in database.rows(query, identity)] == [("", "", 0)]
    again = post(author, bought, rating=3).json()
    assert (again["review_id"], again["helpful"]) == (review["review_id"], 0)
    assert goods.rating(author)["stars"] == [0, 0, 1, 0, 0]


def test_each_person_finds_a_review_helpful_once(
    goods: Goods, new_shopper: Shoppers, partner: httpx.Client, outbox: Outbox
) -> None:
    author, readers = new_shopper(), [new_shopper() for _ in range(5)]
    review = posted(author, goods)
    path = f"/reviews/{review['review_id']}/helpful"
    own = author.put(path)
    assert (own.status_code, own.json()["code"]) == (409, "own_review")
    with ThreadPoolExecutor(20) as threads:
        list(threads.map(lambda reader: reader.put(path), readers * 4))
    assert goods.reviews(author)[0]["helpful"] == 5
    with ThreadPoolExecutor(20) as threads:
        list(threads.map(lambda reader: reader.delete(path), [readers[0]] * 20))
    assert goods.reviews(author)[0]["helpful"] == 4
    told = outbox(Topic.SOCIAL, review["review_id"])
    assert Counter(event.type for event in told) == {"review_posted": 1, "review_voted": 6}
    decided(partner, review, "rejected")
    assert readers[1].put(path).status_code == 404
    assert readers[1].put(f"/reviews/{uuid.uuid4()}/helpful").status_code == 404


def test_whatever_many_do_at_once_the_counts_are_those_of_the_reviews(
    goods: Goods, new_shopper: Shoppers, partner: httpx.Client, database: Database
) -> None:
    def busy(number: int) -> None:
        chance = random.Random(number)
        author = new_shopper()
        bought = goods.bought(author)
        review = post(author, bought, rating=chance.randint(1, 5)).json()
        path = f"/reviews/{review['review_id']}"
        for _ in range(12):
            act = chance.choice(["edit", "delete", "post", "publish", "reject"])
            stars = chance.randint(1, 5)
            if act == "edit":
                text = chance.choice(["Fine.", "See www.x.example", "Good."])
                author.put(path, json={"rating": stars, "body": text})
            elif act == "delete":
                author.delete(path)
            elif act == "post":
                post(author, bought, rating=stars)
            else:
                (now, *_) = author.get("/account/reviews").json()["reviews"] or [review]
                decided(partner, now, f"{act}ed" if act == "reject" else "published")

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(busy, range(8)))
    assert goods.rating(partner)["stars"] == recounted(database, goods.product_id)
