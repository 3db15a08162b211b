"""Forty days of visits by people and robots, from everywhere, some of which lead to orders."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid5

import pandas as pd

from tests.integration.dbt.week import Told, click
from tests.model.sql.journey import NAMESPACE, Order, Row, order_rows

BEGIN = datetime(2018, 3, 1, tzinfo=UTC)
DAYS = 70
PEOPLE = 40
QUERIES = ("oat milk", "Oat Milk ", "soap", "honney", "honey")
ORIGINS: dict[str, tuple[dict[str, str], str]] = {
    "direct": ({}, ""),
    "email": ({"utm_medium": "Email", "utm_source": "march", "utm_campaign": "spring"}, ""),
    "paid_search": ({"utm_medium": "cpc", "utm_source": "Google"}, "https://www.google.com/"),
    "organic_search": ({}, "https://www.google.co.uk/search"),
    "organic_social": ({}, "https://l.facebook.com/"),
    "referral": ({}, "https://blog.example.org/green"),
    "campaign": ({"utm_source": "leaflet"}, ""),
}
"""What a page tells of where its visitor comes from, and the channel that this is."""
ACTS = (
    *("product_viewed", "product_viewed", "product_added", "products_searched"),
    *("checkout_started", "product_clicked", "page_viewed"),
)
GAPS_MS = (0, 4_000, 65_000, 400_000)


@dataclass(frozen=True)
class Visit:
    """A session.

    Parameters
    ----------
    orders
        Instants and totals of its orders, by id.
    """

    session: str
    person: str
    is_bot: bool
    channel: str
    started_at: datetime
    orders: dict[UUID, tuple[datetime, int]] = field(default_factory=dict)


def _click(at: datetime, kind: str, visit: Visit, random: Random, *, first: bool) -> Row:
    _, _, _, data = click(at, visit.session, "", "", f"a-{visit.person}")
    data |= {"agent": "library" if visit.is_bot else "browser", "network": "other"}
    if kind == "products_searched":
        data |= {"query": random.choice(QUERIES), "results": random.choice((0, 0, 3, 40))}
    if first:
        properties, referrer = ORIGINS[visit.channel]
        url = "https://www.store.example/"
        data |= {"url": url, "referrer": referrer, "properties": properties}
    elif kind == "page_viewed":
        data |= {"url": "https://store.example/a", "referrer": "https://www.store.example/"}
    return kind, at, "" if visit.is_bot else f"s-{visit.person}", data


def _order(ref: str, at: datetime, visit: Visit, total: int) -> Order:
    line: dict[str, Any] = {
        "line_number": 1,
        "sku": "CJ1",
        "quantity": 1,
        "unit": "each",
        "list_minor": total,
        "discount_minor": 0,
        "total_minor": total,
    }
    subject = f"s-{visit.person}"
    return Order(ref, at, subject, "WEB", "c", "", "US", "van", "none", 3.0, [line])


def shop(seed: int = 6) -> tuple[list[Visit], list[Told]]:
    """Return the visits, and all that is told of them."""
    random = Random(seed)
    visits: list[Visit] = []
    rows: list[tuple[str, Row]] = []
    for number in range(PEOPLE * 12):
        at = BEGIN + timedelta(seconds=random.randrange(DAYS * 86_400))
        is_bot = random.random() < 0.15
        origin = random.choice(list(ORIGINS))
        visit = Visit(f"ses-V{number}", f"{number % PEOPLE}", is_bot, origin, at)
        for step in range(random.randint(1, 14)):
            kind = random.choice(ACTS) if step else "page_viewed"
            rows.append(("clickstream", _click(at, kind, visit, random, first=not step)))
            last, at = at, at + timedelta(milliseconds=random.choice(GAPS_MS))
        if random.random() < 0.3:
            at = last + timedelta(milliseconds=random.choice((1, 250_000)))
            order = _order(f"V{number}", at, visit, random.randint(0, 9_999))
            visit.orders[order.id] = (at, order.total)
            rows += [("orders", row) for row in order_rows([order])]
        visits.append(visit)
    told = [
        Told(module, uuid5(NAMESPACE, f"shop/{seed}/{number}"), row)
        for number, (module, row) in enumerate(rows)
    ]
    return visits, told


def events_of(visits: list[Visit], told: list[Told]) -> pd.DataFrame:
    """Return one row per raw event of a visit, in the order of ``session``, ``at`` and ``kind``.

    The other columns are ``id``, ``day`` (of the visit's first event), ``channel``, ``bot``,
    ``term`` and ``results``.
    """
    known = {visit.session: visit for visit in visits}
    rows = []
    for event in told:
        kind, at, _, data = event.row
        visit = known[data["session_id"]]
        rows.append(
            {
                "id": str(event.id),
                "session": visit.session,
                "day": visit.started_at.date(),
                "channel": visit.channel,
                "bot": visit.is_bot,
                "at": at,
                "kind": kind,
                "term": data.get("query", "").strip().lower(),
                "results": data.get("results", 0),
            }
        )
    return pd.DataFrame(rows).sort_values(["session", "at", "kind"], ignore_index=True)
