"""What is compared: for each subject one query of the ledger and one of the marts.

Every query returns a name, what it is of in words, and minor units, of the UTC days from `start`
up to `end`, which is excluded. What is zero posts nothing in the ledger, so that the marts leave it
out as well; orders are compared with the store's own table too, which has all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

_DAYS = (
    "{0} >= $1::date::timestamp AT TIME ZONE 'UTC' AND {0} < $2::date::timestamp AT TIME ZONE 'UTC'"
)
_POSTED = f"""
SELECT {{name}}, {{about}}, ({{sign}} * sum(e.amount))::bigint
FROM ledger_transfers t JOIN ledger_entries e USING (transfer_id)
JOIN ledger_accounts a USING (account_id) {{joined}}
WHERE a.kind = '{{kind}}' AND starts_with(t.reference, '{{cause}}/')
    AND {_DAYS.format("t.posted_at")}
GROUP BY 1, 2
"""
_BOOKED = f"""
SELECT concat_ws('/', order_id, account), concat('order ', order_id, ', vendor ', account),
    ({{sign}} * sum(amount_minor))::bigint
FROM vendor_ledger WHERE kind IN ({{kinds}}) AND {_DAYS.format("booked_at")}
GROUP BY order_id, account HAVING sum(amount_minor) <> 0
"""
_OF_COMMISSION = """
SELECT concat(toString(order_id), '/', vendor_id),
    concat('order ', toString(order_id), ', vendor ', vendor_id), sum({column}) AS minor
FROM marts.fct_commission WHERE booked_on >= {{start:Date}} AND booked_on < {{end:Date}}
GROUP BY order_id, vendor_id HAVING minor != 0
"""
_OF_ORDERS = """
SELECT toString(order_id), concat('order ', toString(order_id)), total_minor
FROM marts.fct_orders WHERE order_date >= {start:Date} AND order_date < {end:Date}
"""


@dataclass(frozen=True)
class Subject:
    """What is compared.

    Parameters
    ----------
    name
        In words.
    table
        The mart.
    ledger, marts
        The query of each side; of PostgreSQL and of ClickHouse.
    """

    name: str
    table: str
    ledger: str
    marts: str


def _reversal(name: str, day: str, table: str) -> str:
    return f"""
SELECT toString({name}_id), concat('order ', toString(order_id), ', {name} ', toString({name}_id)),
    amount_minor
FROM {table} WHERE {day} >= {{start:Date}} AND {day} < {{end:Date}}
"""


def _posted(kind: str, cause: str, sign: str, what: str = "", known: str = "") -> str:
    """Return the query of what a kind of account was posted by a kind of cause.

    Parameters
    ----------
    what, known
        What the cause is where it is not the order, and the table that has its order.
    """
    name = f"substr(t.reference, {len(cause) + 2})"
    return _POSTED.format(
        kind=kind,
        cause=cause,
        sign=sign,
        name=name,
        about=f"concat('order ', k.order_id, ', {what} ', {name})"
        if known
        else f"'order ' || {name}",
        joined=f"JOIN {known} k ON t.reference = '{cause}/' || k.{what}_id" if known else "",
    )


SUBJECTS = (
    Subject(
        "orders",
        "marts.fct_orders",
        "SELECT order_id::text, 'order ' || order_id, total_minor FROM orders "
        f"WHERE {_DAYS.format('ordered_at')}",
        _OF_ORDERS,
    ),
    Subject(
        "revenue",
        "marts.fct_orders",
        _posted("revenue", "order", "1"),
        f"{_OF_ORDERS} AND total_minor != 0",
    ),
    Subject(
        "card payments",
        "marts.fct_payments",
        _posted("provider", "capture", "-1"),
        "SELECT toString(checkout_id), concat('order ', toString(checkout_id)), amount_minor "
        "FROM marts.fct_payments WHERE outcome = 'captured' AND amount_minor != 0 "
        "AND settled_on >= {start:Date} AND settled_on < {end:Date}",
    ),
    Subject(
        "refunds",
        "marts.fct_refunds",
        _posted("refunds", "refund", "-1", "refund", "refunds"),
        _reversal("refund", "refunded_on", "marts.fct_refunds"),
    ),
    Subject(
        "chargebacks",
        "marts.fct_chargebacks",
        _posted("chargebacks", "chargeback", "-1", "dispute", "disputes"),
        _reversal("dispute", "disputed_on", "marts.fct_chargebacks"),
    ),
    Subject(
        "vendors' sales",
        "marts.fct_commission",
        _BOOKED.format(sign="1", kinds="'sale', 'refund', 'chargeback'"),
        _OF_COMMISSION.format(column="sale_minor"),
    ),
    Subject(
        "commission",
        "marts.fct_commission",
        _BOOKED.format(sign="-1", kinds="'commission', 'commission_reversal'"),
        _OF_COMMISSION.format(column="commission_minor"),
    ),
    Subject(
        "payouts",
        "marts.fct_payouts",
        f"""
SELECT reference, concat(split_part(reference, '/', 1), ' ', split_part(reference, '/', 2),
    ', vendor ', account), -amount_minor
FROM vendor_ledger WHERE kind IN ('payout', 'payout_reversal') AND {_DAYS.format("booked_at")}
""",
        """
SELECT concat(kind, '/', toString(payout_id)),
    concat(kind, ' ', toString(payout_id), ', vendor ', vendor_id), minor
FROM (
    SELECT payout_id, vendor_id, 'payout' AS kind, created_on AS day, amount_minor AS minor
    FROM marts.fct_payouts
    UNION ALL
    SELECT payout_id, vendor_id, 'payout_reversal', toDate(closed_at), -amount_minor
    FROM marts.fct_payouts WHERE state = 'failed'
) WHERE day >= {start:Date} AND day < {end:Date}
""",
    ),
    Subject(
        "vendors' days",
        "marts.mart_vendor_sales",
        f"""
SELECT concat_ws('/', (booked_at AT TIME ZONE 'UTC')::date, account, currency),
    concat('vendor ', account, ' on ', (booked_at AT TIME ZONE 'UTC')::date, ' in ', currency),
    sum(amount_minor)::bigint
FROM vendor_ledger WHERE {_DAYS.format("booked_at")}
GROUP BY 1, 2 HAVING sum(amount_minor) <> 0
""",
        """
SELECT concat(toString(booked_on), '/', vendor_id, '/', currency),
    concat('vendor ', vendor_id, ' on ', toString(booked_on), ' in ', currency),
    sales_minor - refunded_minor - charged_back_minor - commission_minor
        + commission_returned_minor - paid_out_minor + payout_returned_minor AS minor
FROM marts.mart_vendor_sales
WHERE booked_on >= {start:Date} AND booked_on < {end:Date} AND minor != 0
""",
    ),
)
