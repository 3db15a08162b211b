"""Files of stock: every wrong row is told, by its line."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefront_api.marketplace.stock.files import MAX_BYTES, MAX_ROWS, Row, read
from storefront_api.platform.errors import InvalidError, TooLargeError

SKUS = st.text("ABCxyz019._-", min_size=1, max_size=12)


def test_a_file_may_have_notes_in_any_order_and_a_mark_of_its_encoding() -> None:
    content = '\ufeffnote,quantity,sku\r\n,5,A\r\n"two\nlines",+7,B\r\n,-3, C \r\n'.encode()
    assert read(content, "delta") == [Row(2, "A", 5), Row(4, "B", 7), Row(5, "C", -3)]


def test_every_wrong_row_is_told() -> None:
    rows = ["sku,quantity", "A,1", "A,2", ",3", "B,1.5", "C,-1", "D,", "E", "F,9000000000000"]
    with pytest.raises(InvalidError) as refused:
        read("\n".join(rows).encode(), "count")
    told = [(each["line"], each["message"]) for each in refused.value.problem.details]
    assert told == [
        (3, "the sku occurs more than once"),
        (4, "has no sku"),
        (5, "quantity is no whole number"),
        (6, "a count is 0 or more"),
        (7, "quantity is no whole number"),
        (8, "quantity is no whole number"),
        (9, "quantity is at most 1000000000000"),
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"sku,quantity\n",
        b"sku;quantity\nA;1\n",
        b"sku,quantity,sku\nA,1,B\n",
        b"sku,quantity\n\xff,1\n",
        b'sku,quantity\n"A,1\n',
        b"sku,quantity\n" + b"".join(b"A%d,1\n" % n for n in range(MAX_ROWS + 1)),
    ],
)
def test_what_is_no_file_of_stock_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidError) as refused:
        read(content, "count")
    assert refused.value.problem.field == "body"


def test_a_file_that_is_too_large_is_refused() -> None:
    with pytest.raises(TooLargeError):
        read(b"x" * (MAX_BYTES + 1), "count")


@given(st.dictionaries(SKUS, st.integers(0, 10**12), min_size=1, max_size=20))
def test_what_a_spreadsheet_writes_is_read(counts: dict[str, int]) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerows([("sku", "quantity"), *counts.items()])
    found = read(out.getvalue().encode(), "count")
    assert {row.sku: row.quantity for row in found} == counts
