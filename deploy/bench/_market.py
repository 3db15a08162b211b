"""Clicks and orders that the warehouse makes itself, a day at a time, from a seed.

Everything is drawn by hashing (seed, day, number): no row leaves the warehouse or comes from
outside, so that a hundred million of them are there in minutes. Sessions have 1 to some 100 clicks
with exponential gaps, a fortieth of them hours long; a third of the people are known by a subject;
six in a hundred sessions are of programs; one session in forty ends with an order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta

from clickhouse_connect.driver.client import Client

CLICKS_A_SESSION = 9.52
"""What the drawn lengths come to: 1 + floor of an exponential of mean 9."""
PRODUCTS = 10_000
EVENTS_A_PERSON = 200
SESSIONS_AN_ORDER = 40
_AT_ONCE = {"async_insert": 0, "max_partitions_per_insert_block": 0}

_PRODUCTS = """
INSERT INTO raw.catalog
    (event_id, type, version, occurred_at, received_at, subject, trace_id, data)
WITH (
    SELECT groupArray((department, category))
    FROM (
        SELECT department, category FROM reference.category_factors
        WHERE factor_id != '' ORDER BY department, category
    )
) AS pairs
SELECT
    reinterpretAsUUID(sipHash128({seed:UInt32}, 'product', number)),
    'product_created', 1, {first:Date} - 1, {first:Date} - 1, '', '',
    concat(
        '{"sku":"B', toString(number), '","product_id":"B', toString(number),
        '","name":"product ', toString(number), '","vendor_id":"V', toString(number % 200),
        '","brand":"","department":"', pairs[1 + number % length(pairs)].1,
        '","category":"', pairs[1 + number % length(pairs)].2,
        '","product_type":"","package_size":"","mass_grams":', toString(50 + number % 2000),
        ',"unit":"each","currency":"USD","list_price_minor":',
        toString(99 + cityHash64(number) % 4900), '}'
    )
FROM numbers({products:UInt32})
"""

_SESSIONS = """
WITH
    cityHash64({seed:UInt32}, {day:Date}, number) AS drawn,
    toUInt32(1 + floor(-log((drawn % 1000000 + 1) / 1000001.) * 9)) AS length,
    cityHash64(drawn, 'person') % {people:UInt32} AS person,
    concat('ses-', lower(hex(drawn))) AS session,
    toDateTime64({day:Date}, 3, 'UTC')
    + toIntervalMillisecond(cityHash64(drawn, 'start') % 86400000) AS started,
    arrayCumSum(arrayMap(
        i -> toInt64(
            -log((cityHash64(drawn, 'gap', i) % 1000000 + 1) / 1000001.)
            * if(cityHash64(drawn, 'long', i) % 40 = 0, 7200000, 40000)
        ),
        range(length)
    )) AS offsets,
    if(person % 3 = 0, concat('s-', toString(person)), '') AS subject
"""

_CLICKS = (
    """
INSERT INTO raw.clickstream
    (event_id, type, version, occurred_at, received_at, subject, trace_id, data, ingested_at)
"""
    + _SESSIONS
    + """
SELECT
    reinterpretAsUUID(sipHash128(drawn, i)),
    [
        'page_viewed', 'product_list_viewed', 'products_searched', 'product_viewed',
        'product_viewed', 'product_viewed', 'product_clicked', 'product_added', 'cart_viewed',
        'checkout_started'
    ][1 + cityHash64(drawn, 'type', i) % 10],
    1,
    started + toIntervalMillisecond(offset) AS at,
    at + toIntervalMillisecond(200),
    subject,
    lower(hex(cityHash64(drawn, 'trace', i))),
    concat(
        '{"session_id":"', session, '","anonymous_id":"a-', toString(person),
        '","device_id":"d-', toString(person), '","derived":false,"consent":"granted","agent":"',
        ['browser', 'declared_bot', 'library'][1 + (drawn % 20 = 0) + (drawn % 50 = 0)],
        '","network":"other","sku":"B',
        toString(cityHash64(drawn, 'sku', i) % {products:UInt32}),
        '","currency":"USD","price_minor":1999,"query":"word ', toString(drawn % 500),
        '","results":', toString(cityHash64(drawn, 'results', i) % 30),
        ',"slate_id":"","position":', toString(1 + cityHash64(drawn, 'position', i) % 20), '}'
    ),
    at + toIntervalMillisecond(400 + drawn % 1000)
FROM numbers_mt({sessions:UInt32})
ARRAY JOIN offsets AS offset, range(length) AS i
"""
)

_ORDERS = (
    """
INSERT INTO raw.orders
    (event_id, type, version, occurred_at, received_at, subject, trace_id, data, ingested_at)
"""
    + _SESSIONS
    + """
    , 1 + cityHash64(drawn, 'lines') % 12 AS lines,
    arrayMap(i -> 1 + cityHash64(drawn, 'quantity', i) % 3, range(lines)) AS quantities,
    arrayMap((i, quantity) -> quantity * (99 + cityHash64(drawn, 'price', i) % 4900),
        range(lines), quantities) AS lists,
    arrayMap((i, list) -> if(i % 4 = 0, intDiv(list, 10), 0), range(lines), lists) AS discounts
SELECT
    reinterpretAsUUID(sipHash128(drawn, 'order event')),
    'order_completed',
    3,
    started + toIntervalMillisecond(offsets[-1] + 60000) AS at,
    at,
    concat('s-', toString(person)),
    '',
    concat(
        '{"order_id":"', toString(reinterpretAsUUID(sipHash128(drawn, 'order'))),
        '","store_id":"S', toString(drawn % 50), '","channel":"web","source_ref":"","session_id":"',
        session, '","device_id":"d-', toString(person),
        '","ip_country":"US","destination":"US","tax_minor":0,"currency":"USD","total_minor":',
        toString(arraySum(lists) - arraySum(discounts)),
        ',"risk":"allow","risk_decision_id":"","lines":[',
        arrayStringConcat(
            arrayMap(
                (i, quantity, list, discount) -> concat(
                    '{"line_number":', toString(i + 1), ',"sku":"B',
                    toString(cityHash64(drawn, 'sku', i) % {products:UInt32}),
                    '","quantity":', toString(quantity), ',"unit":"each","list_minor":',
                    toString(list), ',"discount_minor":', toString(discount), ',"total_minor":',
                    toString(list - discount), ',"tax_rate_bp":0,"tax_minor":0}'
                ),
                range(lines), quantities, lists, discounts
            ),
            ','
        ),
        '],"payment":{"method":"card","fingerprint":"c-', toString(person),
        '","country":"US"},"delivery":{"mode":"', ['van', 'post', 'cargo_bike'][1 + drawn % 3],
        '","packaging":"cardboard_box","distance_km":', toString(1 + drawn % 40),
        ',"area":"', toString(100 + drawn % 900), '"}}'
    ),
    at + toIntervalMillisecond(400 + drawn % 1000)
FROM numbers_mt({sessions:UInt32})
WHERE cityHash64(drawn, 'order') % {sessions_an_order:UInt32} = 0
"""
)


def fill(
    client: Client,
    seed: int,
    first: date,
    days: int,
    events: int,
    progress: Callable[[str], None],
) -> int:
    """Write products, then each day's clicks and orders; return how many events there are.

    Parameters
    ----------
    events
        Clicks over all days; what is drawn comes within a few hundredths of it.
    progress
        Told after each day.
    """
    values = {
        "seed": seed,
        "first": first,
        "products": PRODUCTS,
        "people": max(1, events // EVENTS_A_PERSON),
        "sessions": max(1, round(events / days / CLICKS_A_SESSION)),
        "sessions_an_order": SESSIONS_AN_ORDER,
    }
    _write(client, _PRODUCTS, values)
    for number in range(days):
        day = first + timedelta(days=number)
        for query in (_CLICKS, _ORDERS):
            _write(client, query, {**values, "day": day})
        progress(f"{number + 1} of {days} days made")
    (found,) = client.query(
        "SELECT (SELECT count() FROM raw.clickstream) + (SELECT count() FROM raw.orders)"
    ).result_rows[0]
    return int(found)


def _write(client: Client, query: str, values: Mapping[str, object]) -> None:
    client.command(query, parameters=dict(values), settings=_AT_ONCE)
