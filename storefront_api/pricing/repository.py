"""The prices' SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from storefront_api.platform.database import Connection
from storefront_api.pricing.rules import AppliedRule, PriceRule
from storefront_api.taxes.repository import rate

# One statement, since every order asks: the catalogue's price and the rules that fit it.
_PRICES = f"""
SELECT p.sku, p.unit, p.currency, p.list_price_minor, p.department, EXISTS (
        SELECT FROM vendors v WHERE v.vendor_id = p.vendor_id AND v.state = 'approved'
    ) AS for_sale,
    tax.rate_bp AS tax_rate_bp,
    coalesce(r.rules, '[]') AS rules
FROM products p LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object(
        'rule_id', rule_id, 'version', version, 'kind', kind, 'value', value,
        'min_quantity', min_quantity
    )) AS rules
    FROM price_rules r
    WHERE r.target IN ('', p.sku, p.category, p.department, p.vendor_id)
    AND CASE r.scope
        WHEN 'sku' THEN r.target = p.sku
        WHEN 'category' THEN r.target = p.category
        WHEN 'department' THEN r.target = p.department
        WHEN 'vendor' THEN r.target = p.vendor_id
        ELSE true
    END
    AND r.currency IN ('', p.currency)
    AND r.starts_at <= $2 AND (r.ends_at IS NULL OR r.ends_at > $2)
    AND NOT EXISTS (
        SELECT FROM price_rules later
        WHERE later.rule_id = r.rule_id AND later.version > r.version AND later.starts_at <= $2
    )
    AND (r.audience = 'everybody' OR EXISTS (
        SELECT FROM company_members m WHERE m.subject = $3 AND $3 <> ''
    ))
) AS r ON true
{rate("$4::text", "$2::timestamptz")}
WHERE p.sku = ANY($1) AND p.archived_at IS NULL
"""
COLUMNS = (
    "rule_id",
    "kind",
    "value",
    "currency",
    "scope",
    "target",
    "audience",
    "min_quantity",
    "source",
    "starts_at",
    "ends_at",
)
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(7236405)"
_INSERT = f"""
INSERT INTO price_rules ({", ".join(COLUMNS)}, version)
SELECT {", ".join(f"${n}" for n in range(1, len(COLUMNS) + 1))}, coalesce(max(version), 0) + 1
FROM price_rules WHERE rule_id = $1
RETURNING *
"""
_VERSIONS = "SELECT * FROM price_rules WHERE rule_id = $1 ORDER BY version"
_RECORD = """
INSERT INTO order_price_rules (order_id, rule_id, version, tier, line_number, amount_minor)
SELECT $1, * FROM unnest($2::text[], $3::int[], $4::boolean[], $5::int[], $6::bigint[])
"""
_OF_ORDER = """
SELECT rule_id, version, tier, line_number, amount_minor FROM order_price_rules
WHERE order_id = $1 ORDER BY rule_id, version, line_number
"""


@dataclass(frozen=True)
class Price:
    """What the catalogue says of a sku, and the rules that fit it.

    Parameters
    ----------
    for_sale
        Whether its vendor may sell.
    tax_rate_bp
        Value added tax where it goes, in basis points; None if no rate is known for the country.
    """

    unit: str
    currency: str
    list_price_minor: int
    department: str
    for_sale: bool
    tax_rate_bp: int | None
    rules: Sequence[PriceRule]


async def prices(
    connection: Connection, skus: Sequence[str], at: datetime, subject: str, destination: str
) -> dict[str, Price]:
    """Return the price of each sku that exists, for a shopper, a time and a country."""
    rows = await connection.fetch(_PRICES, list(skus), at, subject, destination)
    return {
        row["sku"]: Price(
            row["unit"],
            row["currency"],
            row["list_price_minor"],
            row["department"],
            row["for_sale"],
            row["tax_rate_bp"],
            [PriceRule(**rule) for rule in row["rules"]],
        )
        for row in rows
    }


async def insert(connection: Connection, rule: Mapping[str, Any]) -> Any:
    """Insert the next version of a rule and return it."""
    await connection.execute(_ONE_AT_A_TIME)
    return await connection.fetchrow(_INSERT, *(rule[name] for name in COLUMNS))


async def versions(connection: Connection, rule_id: str) -> list[Any]:
    """Return all versions of a rule, oldest first."""
    return list(await connection.fetch(_VERSIONS, rule_id))


async def record(connection: Connection, order_id: UUID, rules: Sequence[AppliedRule]) -> None:
    """Write down what each rule took off each line."""
    rows = [
        (rule.rule_id, rule.version, rule.tier, line, minor)
        for rule in rules
        for line, minor in rule.by_line.items()
    ]
    columns = [list(column) for column in zip(*rows, strict=True)]
    await connection.execute(_RECORD, order_id, *columns)


async def of_order(connection: Connection, order_id: UUID) -> list[AppliedRule]:
    """Return what rules took off an order."""
    rules: dict[tuple[str, int, bool], dict[int, int]] = {}
    for row in await connection.fetch(_OF_ORDER, order_id):
        by_line = rules.setdefault((row["rule_id"], row["version"], row["tier"]), {})
        by_line[row["line_number"]] = row["amount_minor"]
    return [AppliedRule(*name, by_line) for name, by_line in rules.items()]
