"""Files of products: good rows in, bad rows named, again without a change, and out."""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from storefront_api.catalog.bulk.rows import ATTRIBUTES, NEEDED
from tests.integration.storefront.conftest import Database
from tests.integration.storefront.goods import product
from tests.integration.storefront.wares import created, shirt

ROWS = 10_000
TABLES = (
    "outbox",
    "products",
    "price_history",
    "score_history",
    "stock_movements",
    "variant_options",
    "product_details",
    "catalog_imports",
)


def cells(sku: str, **changed: Any) -> dict[str, Any]:
    row = {**product(sku), "mass_grams": "", **changed}
    return {name: value for name, value in row.items() if name != "x"}


def file_of(rows: Sequence[dict[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def send(client: httpx.Client, content: bytes) -> dict[str, Any]:
    answer = client.post("/catalog/bulk", content=content, headers={"Content-Type": "text/csv"})
    assert answer.status_code == 200, answer.text
    out: dict[str, Any] = answer.json()
    return out


def counts(out: dict[str, Any]) -> tuple[int, int, int, int]:
    assert out["rows"] == sum(out[n] for n in ("created", "updated", "unchanged", "rejected"))
    return out["created"], out["updated"], out["unchanged"], out["rejected"]


def sizes(database: Database) -> dict[str, int]:
    each = ", ".join(f"(SELECT count(*) FROM {table}) AS {table}" for table in TABLES)
    return dict(database.rows(f"SELECT {each}")[0])


@pytest.fixture(scope="module")
def prefix() -> str:
    return f"K{uuid.uuid4().hex[:6]}"


def many(prefix: str) -> list[dict[str, Any]]:
    """Return 10,000 rows of 5,000 products, a hundred of them bad."""
    rows = [
        cells(
            f"{prefix}-{number}",
            product_id=f"{prefix}-p{number // 2}",
            name=f"=Bulk {number}" if number % 7 == 0 else f"Bulk goods {number}",
            description=f"+Product {number // 2}",
            options=f"size={'SM'[number % 2]}",
            materials="wood:80" if number // 2 % 3 else "",
            origin="US",
            certificates="none" if number // 2 % 5 else "fsc",
            recyclable_percent="",
            packaging="paper",
            plastic_free="",
        )
        for number in range(ROWS)
    ]
    for number in range(50, ROWS, 100):
        rows[number]["list_price_minor"] = "2.50"
    return rows


def test_ten_thousand_rows_go_in_but_for_the_bad_ones_and_again_without_a_change(
    partner: httpx.Client, database: Database, prefix: str
) -> None:
    content = file_of(many(prefix))
    out = send(partner, content)
    assert counts(out) == (9_900, 0, 0, 100)
    assert [error["row"] for error in out["errors"]] == list(range(52, ROWS, 100))
    assert {error["field"] for error in out["errors"]} == {"list_price_minor"}
    before = sizes(database)
    again = send(partner, content)
    assert (counts(again), again["import_id"]) == ((0, 0, 9_900, 100), None)
    assert sizes(database) == before
    told = "SELECT count(*) FROM outbox WHERE key LIKE $1 AND payload::jsonb ->> 'type' = $2"
    assert database.value(told, f"{prefix}-p%", "product_created") == 9_900
    assert database.value(told, f"{prefix}-p%", "score_changed") == 5_000
    finished = "SELECT payload::jsonb -> 'data' ->> 'created' FROM outbox WHERE key = $1"
    assert database.value(finished, out["import_id"]) == "9900"
    hit = partner.get("/search", params={"q": "bulk 9998", "sort": "score"}).json()["products"][0]
    assert (hit["product_id"], hit["origin"]) == (f"{prefix}-p4999", "US")


def test_what_goes_out_comes_in_again_without_a_change(
    partner: httpx.Client, database: Database, prefix: str
) -> None:
    created(partner, shirt('\'quoted, "shirt"', description="@line\r\nline"))
    answer = partner.get("/catalog/bulk")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    records = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert len(records) == database.value("SELECT count(*) FROM products")
    assert not {cell[:1] for row in records for cell in row.values()} & set("=+-@\t\r\n")
    before = sizes(database)
    out = send(partner, answer.content)
    assert counts(out) == (0, 0, len(records), 0)
    assert sizes(database) == before


def test_only_what_is_different_is_changed_and_told(
    partner: httpx.Client, database: Database
) -> None:
    name = f"K{uuid.uuid4().hex[:6]}"
    known = dict.fromkeys(ATTRIBUTES, "")
    rows = [cells(f"{name}-{n}", description="", **known) for n in range(4)]
    assert counts(send(partner, file_of(rows))) == (4, 0, 0, 0)
    before = sizes(database)
    rows[0]["list_price_minor"] = 999
    rows[1]["description"] = "Now with more oats."
    rows[2]["packaging"] = "paper"
    rows[3]["opening_stock"] = 5
    assert counts(send(partner, file_of(rows))) == (0, 3, 1, 0)
    after = {table: size - before[table] for table, size in sizes(database).items()}
    expected = {"price_history": 1, "score_history": 1, "product_details": 1, "catalog_imports": 1}
    # A product updated, one described, one scored, and the import finished.
    assert {t: n for t, n in after.items() if n} == expected | {"outbox": 4}


def test_rows_that_contradict_each_other_or_the_catalogue_are_left_out_whole(
    partner: httpx.Client, database: Database
) -> None:
    out = created(partner, shirt())
    there, name = out["product_id"], f"K{uuid.uuid4().hex[:6]}"
    first = out["variants"][0]
    red = ";".join(f"{key}={value}" for key, value in first["options"].items())

    def one(sku: str, product_id: str, options: str, **changed: Any) -> dict[str, Any]:
        known = {"product_id": product_id, "options": options, "description": "", **changed}
        return cells(sku, **known)

    rows = [
        one(f"{name}-1", name, "size=S"),
        one(f"{name}-2", name, "size=S"),
        one(f"{name}-3", name, "colour=red"),
        one(f"{name}-1", name, "size=M"),
        one(f"{name}-5", name, "size=L", description="Other words."),
        one(f"{name}-6", there, red, description="Of cotton."),
        one(f"{name}-7", there, red.replace("red", "pink"), description="Of cotton."),
        one(first["sku"], there, red.replace("red", "blue"), description="Of cotton."),
        one(f"{name}-9", name, "size=XL"),
    ]
    answer = send(partner, file_of(rows))
    assert counts(answer) == (2, 0, 0, 7)
    assert [(error["row"], error["field"]) for error in answer["errors"]] == [
        (3, "options"),
        (4, "options"),
        (5, "sku"),
        (6, "description"),
        (7, "options"),
        (8, "options"),
        (9, "options"),
    ]
    left = "SELECT count(*) FROM {} WHERE sku = ANY($1)"
    skus = [f"{name}-{number}" for number in (2, 3, 5, 6, 7)]
    for table in ("products", "stock", "price_history", "variant_options"):
        assert database.value(left.format(table), skus) == 0
    assert partner.get(f"/products/{there}").json() == out
    shown = partner.get(f"/products/{name}").json()
    assert [v["options"] for v in shown["variants"]] == [{"size": "S"}, {"size": "XL"}]


def test_options_may_come_later_and_then_stay(partner: httpx.Client) -> None:
    name = f"K{uuid.uuid4().hex[:6]}"
    rows = [cells(f"{name}-{n}", product_id=name) for n in range(2)]
    assert counts(send(partner, file_of(rows))) == (2, 0, 0, 0)
    stated = [row | {"options": f"size={n}"} for n, row in enumerate(rows)]
    assert counts(send(partner, file_of(stated))) == (0, 2, 0, 0)
    assert counts(send(partner, file_of(stated))) == (0, 0, 2, 0)
    assert counts(send(partner, file_of(rows))) == (0, 0, 2, 0)
    assert partner.get(f"/products/{name}").json()["options"] == [
        {"name": "size", "values": ["0", "1"]}
    ]


def test_attributes_of_one_product_agree(partner: httpx.Client) -> None:
    name = f"K{uuid.uuid4().hex[:6]}"
    known = dict.fromkeys(ATTRIBUTES, "") | {"origin": "US"}
    rows = [cells(f"{name}-{n}", product_id=name, **known) for n in range(2)]
    rows[1] |= {"origin": "CN", "packaging": "paper"}
    answer = send(partner, file_of(rows))
    assert counts(answer) == (1, 0, 0, 1)
    fields = [(error["row"], error["field"]) for error in answer["errors"]]
    assert fields == [(3, "origin"), (3, "packaging")]


@pytest.mark.parametrize(
    ("content", "headers", "field"),
    [
        (b"", {"Content-Type": "text/csv"}, "body"),
        (b"sku;name\r\n", {"Content-Type": "text/csv"}, "body"),
        (b"sku,name\xff\r\n", {"Content-Type": "text/csv; charset=utf-8"}, "body"),
        (b"sku", {"Content-Type": "text/csv; charset=latin-1"}, "header.Content-Type"),
        (b"{}", {"Content-Type": "application/json"}, "header.Content-Type"),
    ],
)
def test_a_file_that_cannot_be_read_changes_nothing(
    partner: httpx.Client, content: bytes, headers: dict[str, str], field: str
) -> None:
    answer = partner.post("/catalog/bulk", content=content, headers=headers)
    assert (answer.status_code, answer.json()["field"]) == (422, field)


def test_a_broken_byte_far_down_leaves_the_rows_above_it_alone(
    partner: httpx.Client, database: Database
) -> None:
    name = f"K{uuid.uuid4().hex[:6]}"
    content = file_of([cells(f"{name}-{n}") for n in range(600)]) + b"\xff\r\n"
    answer = partner.post("/catalog/bulk", content=content, headers={"Content-Type": "text/csv"})
    assert (answer.status_code, answer.json()["detail"][:43]) == (
        422,
        "the file must be UTF-8; line 602 is in anot",
    )
    assert database.value("SELECT count(*) FROM products WHERE sku LIKE $1", f"{name}%") == 0
    assert set(NEEDED) < set(content.decode(errors="replace").splitlines()[0].split(","))
