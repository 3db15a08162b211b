from __future__ import annotations

from collections import Counter, defaultdict

from clickhouse_connect.driver.client import Client

from tests.model.sql.journey import Journey
from tests.model.sql.money import LOOKERS


def test_each_order_has_the_money_that_its_lines_had(built: Client, happened: Journey) -> None:
    rows = built.query(
        "SELECT source_ref, line_count, units, list_minor, discount_minor, total_minor, "
        "tax_minor FROM marts.fct_orders"
    ).result_rows
    expected = {
        order.ref: (
            len(order.lines),
            order.units,
            sum(line["list_minor"] for line in order.lines),
            sum(line["discount_minor"] for line in order.lines),
            order.total,
            order.tax,
        )
        for order in happened.orders
    }
    assert {row[0]: tuple(row[1:]) for row in rows} == expected
    assert len(rows) == len(expected)
    assert {order.tax is None for order in happened.orders} == {True, False}
    lines = "SELECT toInt64(sum(tax_minor)), countIf(tax_minor IS NULL) FROM marts.fct_order_lines"
    assert built.query(lines).first_row == (
        sum(order.tax or 0 for order in happened.orders),
        sum(len(order.lines) for order in happened.orders if order.tax is None),
    )


def test_refunds_and_disputes_reach_their_order(built: Client, happened: Journey) -> None:
    rows = built.query(
        "SELECT source_ref, refunded_minor, tax_refunded_minor, disputed FROM marts.fct_orders"
    ).result_rows
    refunded: Counter[str] = Counter()
    tax: Counter[str] = Counter()
    for refund in happened.refunds:
        refunded[refund.order.ref] += refund.amount
        tax[refund.order.ref] += refund.tax or 0
    disputed = {dispute.order.ref for dispute in happened.disputes}
    assert {row[0]: tuple(row[1:]) for row in rows} == {
        order.ref: (
            refunded[order.ref],
            None if order.tax is None else tax[order.ref],
            int(order.ref in disputed),
        )
        for order in happened.orders
    }


def test_no_line_is_lost_when_its_product_is_in_no_catalogue(
    built: Client, happened: Journey
) -> None:
    known = {f"CJ{product_id}" for product_id in happened.products["product_id"]}
    expected = Counter(
        line["sku"] for order in happened.orders for line in order.lines if line["sku"] not in known
    )
    rows = built.query(
        "SELECT sku, count() FROM marts.fct_order_lines WHERE department = 'UNKNOWN' GROUP BY sku"
    ).result_rows
    assert {row[0]: row[1] for row in rows} == dict(expected)
    assert "GONE-1" in expected


def test_a_session_counts_its_clicks_and_finds_its_order(built: Client, happened: Journey) -> None:
    rows = built.query(
        "SELECT client_session_id, views, adds, converted, order_id, session_date "
        "FROM marts.fct_sessions"
    ).result_rows
    found = {row[0]: tuple(row[1:]) for row in rows}
    days: defaultdict[str, set[bool]] = defaultdict(set)
    for order in happened.orders:
        views, adds, converted, order_id, day = found[f"ses-{order.ref}"]
        assert (views, adds, converted, order_id) == (
            len(order.lines),
            len(order.lines),
            1,
            order.id,
        )
        days["midnight"].add(day < order.at.date())
    assert len(found) == len(happened.orders) + LOOKERS
    assert days["midnight"] == {True, False}
