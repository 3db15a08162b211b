"""Products with options, their place in the tree, their pictures, and archiving them."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from storefront_api.events import Event, Topic
from tests.integration.storefront.conftest import Database
from tests.integration.storefront.goods import key, new_sku, product
from tests.integration.storefront.wares import created, shirt

Outbox = Callable[[Topic, str], list[Event]]


def types(outbox: Outbox, product_id: str) -> Counter[str]:
    return Counter(event.type for event in outbox(Topic.CATALOG, product_id))


def found(client: httpx.Client, words: str, **filters: Any) -> list[str]:
    page = client.get("/search", params={"q": words, **filters}).json()
    return [hit["product_id"] for hit in page["products"]]


def test_a_shopper_finds_a_product_of_two_variants_when_its_making_is_answered(
    partner: httpx.Client, shopper: httpx.Client
) -> None:
    wanted = shirt("Quagga shirt")
    wanted["variants"] = wanted["variants"][:2]
    product_id = created(partner, wanted)["product_id"]
    assert found(shopper, "quagga") == [product_id]
    assert found(shopper, "quagga red") == [product_id]
    assert found(shopper, "quagga green") == []
    shown = shopper.get(f"/products/{product_id}").json()
    assert [v["options"]["sleeve"] for v in shown["variants"]] == ["short", "long"]


def test_every_one_of_24_variants_has_its_price_and_stock(
    partner: httpx.Client, outbox: Outbox
) -> None:
    wanted = shirt()
    out = created(partner, wanted)
    shown = partner.get(f"/products/{out['product_id']}").json()
    assert shown == out
    told = {v["sku"]: (v["list_price_minor"], v["available"]) for v in shown["variants"]}
    assert told == {
        v["sku"]: (v["list_price_minor"], v["opening_stock"]) for v in wanted["variants"]
    }
    assert shown["options"] == wanted["options"]
    expected = {"product_created": 24, "variant_created": 24, "product_described": 1}
    assert types(outbox, out["product_id"]) == expected


def test_the_same_key_makes_one_product(partner: httpx.Client, outbox: Outbox) -> None:
    wanted, once = shirt(), key()
    answers = [partner.post("/catalog/products", json=wanted, headers=once) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {201}
    assert answers[0].text == answers[2].text
    assert types(outbox, wanted["product_id"])["product_described"] == 1
    other = partner.post("/catalog/products", json=shirt(), headers=once)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("place", "changed", "status", "field"),
    [
        (3, {"options": {"colour": "pink", "size": "S", "sleeve": "short"}}, 422, "options.colour"),
        (3, {"options": {"colour": "red", "size": "S"}}, 422, "options.sleeve"),
        (1, {"options": {"sleeve": "short", "size": "S", "colour": "red"}}, 409, "options"),
        (1, {"list_price_minor": -1}, 422, "list_price_minor"),
        (1, {"sku": "with space"}, 422, "sku"),
    ],
)
def test_an_illegal_or_repeated_variant_leaves_nothing_behind(
    partner: httpx.Client,
    database: Database,
    place: int,
    changed: dict[str, Any],
    status: int,
    field: str,
) -> None:
    wanted = shirt()
    wanted["variants"][place] |= changed
    answer = partner.post("/catalog/products", json=wanted, headers=key())
    expected = (status, f"body.variants.{place}.{field}")
    assert (answer.status_code, answer.json()["field"]) == expected
    assert partner.get(f"/products/{wanted['product_id']}").status_code == 404
    count = "SELECT count(*) FROM outbox WHERE key = $1"
    assert database.value(count, wanted["product_id"]) == 0


def test_a_product_or_a_sku_is_made_once(partner: httpx.Client) -> None:
    wanted = shirt()
    created(partner, wanted)
    again = partner.post("/catalog/products", json=wanted, headers=key())
    assert (again.status_code, again.json()["field"]) == (409, "body.product_id")
    again = partner.post("/catalog/products", json=wanted | {"product_id": "x"}, headers=key())
    assert (again.status_code, again.json()["field"]) == (409, "body.variants.0.sku")
    twice = shirt()
    twice["variants"][1]["sku"] = twice["variants"][0]["sku"]
    again = partner.post("/catalog/products", json=twice, headers=key())
    assert (again.status_code, again.json()["field"]) == (409, "body.variants.1.sku")


def test_of_the_same_variant_added_by_many_at_once_there_is_one(
    partner: httpx.Client, outbox: Outbox
) -> None:
    wanted = shirt()
    missing = wanted["variants"].pop()
    product_id = created(partner, wanted)["product_id"]
    path = f"/catalog/products/{product_id}/variants"

    def add(number: int) -> int:
        body = {"variants": [missing | {"sku": f"{product_id}-n{number}"}]}
        return partner.post(path, json=body).status_code

    with ThreadPoolExecutor(6) as threads:
        assert Counter(threads.map(add, range(6))) == {201: 1, 409: 5}
    assert len(partner.get(f"/products/{product_id}").json()["variants"]) == 24
    assert types(outbox, product_id)["variant_created"] == 24


def test_a_product_changes_with_all_its_variants(partner: httpx.Client, outbox: Outbox) -> None:
    product_id = created(partner, shirt())["product_id"]
    change = {"name": "Okapi shirt", "description": "Of linen.", "brand": "Meadow"}
    path = f"/catalog/products/{product_id}"
    answer = partner.patch(path, json=change)
    assert {name: answer.json()[name] for name in change} == change
    assert found(partner, "okapi", brand="Meadow") == [product_id]
    told = types(outbox, product_id)
    assert (told["product_updated"], told["product_described"]) == (24, 2)
    assert partner.patch(path, json=change).status_code == 200
    assert types(outbox, product_id) == told
    assert partner.patch("/catalog/products/nothing", json=change).status_code == 404


def test_options_keep_the_values_that_variants_have(partner: httpx.Client) -> None:
    wanted = shirt()
    product_id = created(partner, wanted)["product_id"]
    path = f"/catalog/products/{product_id}"
    more = [wanted["options"][0] | {"values": ["red", "green", "blue", "black"]}]
    options = more + wanted["options"][1:]
    assert partner.patch(path, json={"options": options}).json()["options"] == options
    fewer = [wanted["options"][0] | {"values": ["red"]}] + wanted["options"][1:]
    answer = partner.patch(path, json={"options": fewer})
    assert (answer.status_code, answer.json()["field"]) == (409, "body.options.colour")
    black = {
        "sku": f"{product_id}-black",
        "options": {"colour": "black", "size": "S", "sleeve": "long"},
        "list_price_minor": 5,
    }
    body = {"variants": [black]}
    assert partner.post(f"{path}/variants", json=body).status_code == 201


def test_a_variant_changes_alone(partner: httpx.Client, outbox: Outbox) -> None:
    out = created(partner, shirt())
    sku = out["variants"][7]["sku"]
    change = {"list_price_minor": 77, "package_size": "1 PC", "mass_grams": 180}
    answer = partner.patch(f"/catalog/variants/{sku}", json=change).json()
    assert [{n: v[n] for n in change} for v in answer["variants"] if v["sku"] == sku] == [change]
    assert types(outbox, out["product_id"])["product_updated"] == 1
    answer = partner.patch(f"/catalog/variants/{sku}", json={"mass_grams": None}).json()
    assert [v["mass_grams"] for v in answer["variants"] if v["sku"] == sku] == [None]
    assert [v["list_price_minor"] for v in answer["variants"] if v["sku"] == sku] == [77]
    nothing = dict.fromkeys(change) | {"mass_grams": 5}
    answer = partner.patch(f"/catalog/variants/{sku}", json=nothing).json()
    kept = change | {"mass_grams": 5}
    assert [{n: v[n] for n in kept} for v in answer["variants"] if v["sku"] == sku] == [kept]
    assert partner.patch("/catalog/variants/nothing", json=change).status_code == 404


def test_what_is_archived_can_be_read_and_not_found_or_bought(
    partner: httpx.Client, shopper: httpx.Client, outbox: Outbox
) -> None:
    out = created(partner, shirt("Bongo shirt"))
    product_id, skus = out["product_id"], [v["sku"] for v in out["variants"]]
    one = skus[5]
    line = {"quantity": 1}
    assert shopper.put(f"/cart/lines/{one}", json=line).status_code == 200
    path = f"/catalog/products/{product_id}"
    partner.post(f"{path}/archive", params={"sku": one}).raise_for_status()
    cart = shopper.get("/cart").json()
    assert [each["enough_in_stock"] for each in cart["lines"]] == [False]
    assert shopper.put(f"/cart/lines/{one}", json=line).status_code == 404
    variants = shopper.get(f"/products/{product_id}").json()["variants"]
    assert [(v["available"], v["archived"]) for v in variants if v["sku"] == one] == [(0, True)]
    assert found(shopper, "bongo") == [product_id]
    for _ in range(2):
        partner.post(f"{path}/archive").raise_for_status()
    assert shopper.get(f"/products/{product_id}").json()["archived"] is True
    assert product_id not in found(shopper, "bongo")
    listed = shopper.get("/products", params={"department": "CLOTHING", "limit": 200}).json()
    assert product_id not in {each["product_id"] for each in listed["products"]}
    assert shopper.put(f"/cart/lines/{skus[1]}", json=line).status_code == 404
    for _ in range(2):
        partner.post(f"{path}/restore").raise_for_status()
    assert found(shopper, "bongo") == [product_id]
    told = types(outbox, product_id)
    assert (told["product_archived"], told["product_restored"]) == (2, 1)
    assert partner.post(f"{path}/archive", params={"sku": "x"}).status_code == 404
    assert partner.post("/catalog/products/nothing/archive").status_code == 404


@pytest.mark.parametrize(
    "url",
    [
        "http://images.example.org/a.jpg",
        "https://user:secret@images.example.org/a.jpg",
        "https://127.0.0.1/a.jpg",
        "https://[::1]/a.jpg",
        "https://localhost/a.jpg",
        "javascript:alert(1)",
        "//images.example.org/a.jpg",
        "https://images.example.org/" + "a" * 2048,
    ],
)
def test_an_image_is_an_https_url_of_a_public_host(partner: httpx.Client, url: str) -> None:
    body = {"images": [{"url": url, "alt": "A shirt"}]}
    answer = partner.put("/catalog/products/nothing/images", json=body)
    assert (answer.status_code, answer.json()["field"]) == (422, "body.images.0.url")


def test_images_are_shown_in_their_order_and_say_what_is_to_be_seen(
    partner: httpx.Client, outbox: Outbox
) -> None:
    product_id = created(partner, shirt())["product_id"]
    images = [
        {"url": f"https://images.example.org/{name}.jpg", "alt": f"The {name}"}
        for name in ("front", "back", "collar")
    ]
    path = f"/catalog/products/{product_id}/images"
    for _ in range(2):
        assert partner.put(path, json={"images": images}).json()["images"] == images
    assert types(outbox, product_id)["product_described"] == 2
    partner.put(path, json={"images": images[::-1]}).raise_for_status()
    assert partner.get(f"/products/{product_id}").json()["images"] == images[::-1]
    silent = {"images": [images[0] | {"alt": " "}]}
    assert partner.put(path, json=silent).json()["field"] == "body.images.0.alt"
    assert partner.put("/catalog/products/nothing/images", json={"images": []}).status_code == 404


def category(partner: httpx.Client, category_id: str, **changed: Any) -> httpx.Response:
    body = {"parent_id": None, "name": category_id.title(), **changed}
    return partner.put(f"/catalog/categories/{category_id}", json=body)


def test_a_product_is_found_in_every_category_above_it(
    partner: httpx.Client, outbox: Outbox
) -> None:
    root, middle, leaf = (f"{name}-{uuid.uuid4().hex[:6]}" for name in ("wear", "tops", "tees"))
    assert category(partner, root, name="Wear").status_code == 200
    category(partner, middle, parent_id=root, name="Tops").raise_for_status()
    category(partner, leaf, parent_id=middle, name="Tees", position=3).raise_for_status()
    out = created(partner, shirt(category_id=leaf))
    assert (out["department"], out["category"]) == ("Wear", "Tees")
    assert [part["name"] for part in out["category_path"]] == ["Wear", "Tops", "Tees"]
    for under in (root, middle, leaf):
        page = partner.get("/products", params={"under": under}).json()
        assert [each["product_id"] for each in page["products"]] == [out["product_id"]]
    moved = partner.patch(f"/catalog/products/{out['product_id']}", json={"category_id": root})
    assert (moved.json()["department"], moved.json()["category"]) == ("Wear", "")
    assert partner.get("/products", params={"under": leaf}).json()["products"] == []
    tree = [each["category_id"] for each in partner.get("/categories").json()]
    assert [each for each in tree if each in {root, middle, leaf}] == [root, middle, leaf]
    assert len(outbox(Topic.CATALOG, leaf)) == 1
    renamed = category(partner, root, name="Clothes")
    assert (renamed.status_code, renamed.json()["field"]) == (409, "path.category_id")
    category(partner, leaf, parent_id=middle, name="T-Shirts").raise_for_status()
    assert len(outbox(Topic.CATALOG, leaf)) == 2


def test_the_tree_is_a_tree(partner: httpx.Client) -> None:
    names = [f"level{number}-{uuid.uuid4().hex[:6]}" for number in range(11)]
    category(partner, names[0]).raise_for_status()
    for above, below in zip(names, names[1:10], strict=False):
        category(partner, below, parent_id=above).raise_for_status()
    for above in (names[9], names[0], "nothing"):
        answer = category(partner, names[0], parent_id=above)
        assert (answer.status_code, answer.json()["field"]) == (422, "body.parent_id")
    deeper = category(partner, names[10], parent_id=names[9])
    assert (deeper.status_code, deeper.json()["field"]) == (422, "body.parent_id")
    answer = partner.post("/catalog/products", json=shirt(category_id="nothing"), headers=key())
    assert (answer.status_code, answer.json()["field"]) == (422, "body.category_id")


def test_a_variant_that_an_import_moves_leaves_its_options_behind(partner: httpx.Client) -> None:
    out = created(partner, shirt())
    sku = out["variants"][0]["sku"]
    other = new_sku(partner)
    body = {"products": [product(sku, product_id=f"product-{other}")]}
    partner.post("/catalog/imports", json=body).raise_for_status()
    shown = partner.get(f"/products/product-{other}").json()
    assert [v["options"] for v in shown["variants"] if v["sku"] == sku] == [{}]
    assert len(partner.get(f"/products/{out['product_id']}").json()["variants"]) == 23


def test_shoppers_change_nothing(shopper: httpx.Client) -> None:
    assert shopper.post("/catalog/products", json=shirt(), headers=key()).status_code == 403
    for path in ("archive", "restore", "variants"):
        assert shopper.post(f"/catalog/products/x/{path}").status_code == 403
    assert shopper.put("/catalog/products/x/images", json={"images": []}).status_code == 403
    assert shopper.put("/catalog/products/x/attributes", json={}).status_code == 403
    assert shopper.post("/catalog/scores").status_code == 403
    assert shopper.get("/catalog/bulk").status_code == 403
