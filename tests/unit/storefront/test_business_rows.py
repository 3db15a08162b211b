"""Lists of skus: every wrong row is told by its number."""

from __future__ import annotations

import pytest

from storefront_api.business.rows import MAX_QUANTITY, MAX_ROWS, parse
from storefront_api.platform.errors import InvalidError


def refused(text: str) -> list[tuple[int, str]]:
    with pytest.raises(InvalidError) as caught:
        parse(text)
    problem = caught.value.problem
    assert problem.field == "body.csv"
    first = problem.details[0]
    assert problem.detail == f"row {first['row']}: {first['message']}"
    return [(each["row"], each["message"]) for each in problem.details]


def test_a_list_is_read_with_repeated_skus_added_up() -> None:
    text = "\ufeffSKU, Quantity\r\nA-1,2\r\n\r\nB.2, 1000000000\r\n A-1 ,3\r\n"
    assert parse(text) == {"A-1": (5, 2), "B.2": (MAX_QUANTITY, 4)}
    assert parse('sku,quantity\n"A",1') == {"A": (1, 2)}


def test_every_wrong_row_is_told() -> None:
    text = "sku,quantity\nA,0\nB,1,2\nC D,1\nE,-1\nF,1.5\nG,1000000001\nH,1\nI,99999999999\nJ,\n"
    quantity = "quantity: must be from 1 to 1000000000"
    assert refused(text) == [
        (2, quantity),
        (3, "has 3 values and not 2"),
        (4, "'C D' is no sku"),
        (5, quantity),
        (6, quantity),
        (7, quantity),
        (9, quantity),
        (10, quantity),
    ]


@pytest.mark.parametrize(
    ("text", "row", "rule"),
    [
        ("", 1, "must be sku,quantity"),
        ("A,1\n", 1, "must be sku,quantity"),
        ("quantity,sku\n1,A\n", 1, "must be sku,quantity"),
        ("sku,quantity\n\n", 1, "has nothing under it"),
        ('sku,quantity\n"A,1\n', 2, "unexpected end of data"),
        ("sku,quantity\nA,999999999\nA,2\n", 3, "A is wanted more than 1000000000 times"),
    ],
)
def test_what_is_no_list_is_refused(text: str, row: int, rule: str) -> None:
    assert refused(text) == [(row, rule)]


def test_a_list_has_an_end() -> None:
    rows = "A,1\n" * (MAX_ROWS - 1)
    assert parse(f"sku,quantity\n{rows}") == {"A": (MAX_ROWS - 1, 2)}
    assert refused(f"sku,quantity\n{rows}A,1\n") == [
        (MAX_ROWS + 1, f"a list has at most {MAX_ROWS} rows")
    ]
