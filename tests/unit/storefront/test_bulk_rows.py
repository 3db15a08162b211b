"""Cells, rows and files of products: what is read is what was written, what is wrong is named."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefront_api.catalog.bulk import cells
from storefront_api.catalog.bulk.files import Table, received
from storefront_api.catalog.bulk.rows import (
    ATTRIBUTES,
    EXPORTED,
    NEEDED,
    BadRowError,
    Row,
    parse,
    record_of,
)
from storefront_api.catalog.repository import COLUMNS
from storefront_api.catalog.rules import of_version
from storefront_api.platform.errors import InvalidError

RULES = of_version("2025.1")
CELLS = {
    "sku": "A-1",
    "product_id": "A",
    "name": "Oats",
    "vendor_id": "v-1",
    "brand": "Field",
    "department": "GROCERY",
    "category": "CEREALS",
    "product_type": "OATS",
    "package_size": "1 KG",
    "mass_grams": "1000",
    "unit": "each",
    "currency": "USD",
    "list_price_minor": "250",
}
KNOWN = {
    "materials": "wood:80;glass:20",
    "origin": "US",
    "certificates": "fsc;msc",
    "recyclable_percent": "90",
    "packaging": "paper",
    "plastic_free": "true",
}
EDGES = st.text(alphabet="=+-@'\t\r\n＝＋－＠a,\";", max_size=6)  # noqa: RUF001


@given(st.text(max_size=20) | EDGES)
def test_every_text_comes_back_from_its_cell(text: str) -> None:
    assert cells.read(cells.written(text)) == text


@given(st.text(max_size=20) | EDGES)
def test_no_cell_begins_as_a_formula(text: str) -> None:
    assert cells.written(text)[:1] not in cells.DANGEROUS


@pytest.mark.parametrize(
    ("cell", "text"),
    [("'tis", "'tis"), ("'=1+1", "=1+1"), ("=1+1", "=1+1"), ("''", "'"), ("'", "'"), ("", "")],
)
def test_a_cell_that_a_person_wrote_is_taken_as_it_is_meant(cell: str, text: str) -> None:
    assert cells.read(cell) == text


async def table_of(*chunks: bytes) -> list[tuple[int, dict[str, str] | BadRowError]]:
    async def stream() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    async with received(stream()) as file:
        table = Table(file)
        assert list(map(str, table)) == list(map(str, table))
        return list(table)


HEADER = ",".join(NEEDED).encode() + b"\r\n"
LINE = ",".join(CELLS.values()).encode() + b"\r\n"


async def test_a_file_is_read_in_whatever_pieces_it_comes() -> None:
    whole = b"\xef\xbb\xbf" + HEADER + LINE.replace(b"Oats", "Hafer-Müsli 🥣".encode()) + b"\r\n"
    expected = [(2, CELLS | {"name": "Hafer-Müsli 🥣"})]
    assert await table_of(whole) == expected
    assert await table_of(*(whole[i : i + 1] for i in range(len(whole)))) == expected


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        ("sku,name\r\nA,Müsli\r\n".encode("utf-16"), "UTF-16"),
        (HEADER + LINE + LINE.replace(b"Oats", b"M\xfcsli"), "line 3"),
        (HEADER + LINE[:-2] + b"\xc3", "line 2"),
        (HEADER.replace(b",", b";"), "parted by ';'"),
        (HEADER.replace(b",", b"\t"), r"parted by '\\t'"),
        (HEADER.replace(b"sku", b"SKU"), "unknown columns: SKU"),
        (HEADER.replace(b"sku,", b""), "lacks sku"),
        (HEADER.strip() + b",sku\r\n", "a column twice"),
        (HEADER.strip() + b",origin\r\n", "or none"),
        (b'"sku\r\n', "row 1"),
        (b"\r\n\r\n", "lacks sku"),
    ],
)
async def test_a_file_that_cannot_be_read_says_why(content: bytes, message: str) -> None:
    with pytest.raises(InvalidError, match=message):
        await table_of(content)


async def test_a_row_of_another_length_or_with_broken_quotes_is_named_alone() -> None:
    found = await table_of(HEADER, LINE, b"a,b\r\n", b'"a"b,c\r\n', LINE, b'"never closed\r\n')
    assert [number for number, _ in found] == [2, 3, 4, 5, 6]
    bad = [record.broken[0][1] for _, record in found if isinstance(record, BadRowError)]
    assert bad[0] == "has 2 cells, the header has 13"
    assert "from line 4 on" in bad[1]
    assert "from line 6 on" in bad[2]


def row(**changed: str) -> Row:
    return parse(2, CELLS | changed, RULES)


def test_a_row_says_what_its_cells_say() -> None:
    found = row(opening_stock="7", description="'=good", options="size=M;colour=red", **KNOWN)
    assert (found.product.list_price_minor, found.product.opening_stock) == (250, 7)
    assert (found.description, found.options) == ("=good", {"size": "M", "colour": "red"})
    assert found.attributes is not None
    assert found.attributes.model_dump(mode="json") == {
        "materials": [
            {"material": "wood", "share_percent": 80},
            {"material": "glass", "share_percent": 20},
        ],
        "origin": "US",
        "certificates": ["fsc", "msc"],
        "recyclable_percent": 90,
        "packaging": "paper",
        "plastic_free": True,
    }


def test_an_empty_cell_is_unknown_and_a_missing_column_says_nothing() -> None:
    unknown = row(**dict.fromkeys(ATTRIBUTES, ""), mass_grams="", opening_stock="")
    assert unknown.product.mass_grams is None
    assert unknown.attributes is not None
    assert unknown.attributes.certificates is None
    assert (row().attributes, row().description, row().options) == (None, None, None)
    none = row(**(KNOWN | {"certificates": "none"})).attributes
    assert none is not None
    assert none.certificates == ()


@pytest.mark.parametrize(
    ("changed", "fields"),
    [
        ({"sku": "with space"}, ["sku"]),
        ({"sku": ""}, ["sku"]),
        ({"list_price_minor": "2.50"}, ["list_price_minor"]),
        ({"list_price_minor": ""}, ["list_price_minor"]),
        ({"list_price_minor": "1_000"}, ["list_price_minor"]),
        ({"list_price_minor": "-5"}, ["list_price_minor"]),
        ({"mass_grams": "9" * 18}, ["mass_grams"]),
        ({"unit": "kilo", "currency": "usd"}, ["unit", "currency"]),
        ({"name": "a\0b"}, ["name"]),
        ({"name": "a" * 301}, ["name"]),
        ({"description": "a" * 5001}, ["description"]),
        ({"options": "red"}, ["options"]),
        ({"options": "size=M;size=L"}, ["options"]),
        ({"options": ";".join(f"o{n}=1" for n in range(6))}, ["options"]),
        (KNOWN | {"materials": "wood"}, ["materials"]),
        (KNOWN | {"materials": "wood:x"}, ["materials"]),
        (KNOWN | {"materials": "wood:60;glass:60"}, ["materials"]),
        (KNOWN | {"materials": "gold:1"}, ["materials"]),
        (KNOWN | {"certificates": "mine"}, ["certificates"]),
        (KNOWN | {"certificates": "fsc;fsc"}, ["certificates"]),
        (KNOWN | {"packaging": "foam"}, ["packaging"]),
        (KNOWN | {"packaging": "composite"}, ["plastic_free"]),
        (KNOWN | {"plastic_free": "yes"}, ["plastic_free"]),
        (KNOWN | {"recyclable_percent": "101"}, ["recyclable_percent"]),
        (KNOWN | {"origin": "usa"}, ["origin"]),
        ({"sku": "", **KNOWN, "packaging": "foam"}, ["sku", "packaging"]),
    ],
)
def test_a_bad_row_names_every_field_with_its_rule(
    changed: dict[str, str], fields: list[str]
) -> None:
    with pytest.raises(BadRowError) as error:
        row(**changed)
    assert [field for field, _ in error.value.broken] == fields
    assert all(rule for _, rule in error.value.broken)


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)


@given(
    name=TEXTS.filter(bool) | st.sampled_from(["=1+1", "'", "''=", "+\r\n-", '@a,"b"']),
    description=TEXTS | EDGES,
    options=st.dictionaries(st.sampled_from(["size", "=", "colour"]), st.just("M"), max_size=2),
    stated=st.booleans(),
)
async def test_what_is_written_is_read_as_it_was(
    name: str, description: str, options: dict[str, str], stated: bool
) -> None:
    options = {key.replace("=", "kind"): value for key, value in options.items()}
    row_ = row(**KNOWN) if stated else row(**dict.fromkeys(ATTRIBUTES, ""))
    assert row_.attributes is not None
    kept: dict[str, Any] = {
        **{column: getattr(row_.product, column) for column in COLUMNS},
        "name": name,
        "description": description,
        "options": options,
        "attributes": row_.attributes.model_dump(mode="json"),
    }
    text = io.StringIO()
    csv.writer(text).writerows([EXPORTED, record_of(kept)])
    ((_, record),) = await table_of(text.getvalue().encode())
    assert not isinstance(record, BadRowError)
    found = parse(2, record, RULES)
    assert (found.product.name, found.description) == (name, description)
    assert (found.options or {}, found.attributes) == (options, row_.attributes)
