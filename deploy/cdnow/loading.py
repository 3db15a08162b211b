"""CDNOW's orders as the store's own events, through the sink's parser into the raw table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

import pandas as pd
from clickhouse_connect.driver.client import Client

from deploy.demo.baskets import Basket, Line
from deploy.demo.history import order_message
from pipelines.ingest.batch import Collector
from pipelines.ingest.contract import Contract
from pipelines.ingest.writer import Writer
from storefront_api.events import Topic

STORE = "CDNOW"
SKU = "CDNOW-DISC"
"""The file tells how many discs an order had, not which."""
BATCH = 20_000


class RefusedError(ValueError):
    """The event contract does not take an order of the file."""


def subject(customer: int) -> str:
    """Return the pseudonym of a customer's number."""
    return f"cdnow-{customer:05d}"


def customer(name: str) -> int:
    """Return the number of a customer's pseudonym."""
    return int(name.removeprefix("cdnow-"))


def messages(orders: pd.DataFrame) -> Iterator[bytes]:
    """Yield each order as an order_completed event.

    Parameters
    ----------
    orders
        As `deploy.cdnow.source.orders` returns them.
    """
    at_ms = orders["day"].astype("datetime64[ms]").astype("int64").tolist()
    columns = (orders[name].tolist() for name in ("customer", "discs", "total_minor"))
    for row, (number, discs, minor, at) in enumerate(zip(*columns, at_ms, strict=True), start=1):
        yield order_message(
            Basket(
                source_ref=f"CDNOW{row}",
                at_ms=at,
                subject=subject(number),
                store_id=STORE,
                channel="web",
                device_id="",
                ip_country="US",
                method="card",
                card="",
                card_country="US",
                mode="post",
                packaging="cardboard_box",
                distance_km=0.0,
                area="",
                lines=(Line(SKU, discs, "each", minor, 0),),
            )
        )


def load(client: Client, orders: pd.DataFrame, on_progress: Callable[[int], None]) -> int:
    """Write the orders into raw.orders; again, nothing is doubled. Return how many there are.

    Parameters
    ----------
    on_progress
        Called with how many are in.

    Raises
    ------
    RefusedError
        If the event contract does not take one; the message names its rule.
    """
    collector = Collector(Contract(Topic.ORDERS))
    writer = Writer(client)
    done = 0
    numbered = enumerate(messages(orders))
    while chunk := list(islice(numbered, BATCH)):
        offsets, payloads = zip(*chunk, strict=True)
        collector.add(payloads, [0] * len(payloads), offsets)
        batch = collector.take()
        if batch.dead:
            raise RefusedError(f"order {batch.dead[0].offset + 1}: {batch.dead[0].reason}")
        writer.write(batch)
        done += batch.count
        on_progress(done)
    return done
