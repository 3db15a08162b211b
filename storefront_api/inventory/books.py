"""What moves in warehouses: the one way by which their stock changes, always with its ledger."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Literal

from storefront_api.inventory import books_repository as repository
from storefront_api.platform.database import Connection

MAIN = "main"
"""The warehouse of whoever states none."""

Kind = Literal[
    "receipt",
    "transfer_out",
    "transfer_in",
    "allocation",
    "release",
    "shipment",
    "return",
    "adjustment",
]


@dataclass(frozen=True)
class Movement:
    """An entry of the ledger, and what is there after it."""

    sku: str
    warehouse_id: str
    kind: Kind
    on_hand_delta: int
    allocated_delta: int
    on_hand: int
    allocated: int
    reference: str


@dataclass
class _Level:
    on_hand: int
    allocated: int


class Books:
    """The stock of some skus in all warehouses, held by a transaction, and what moves in it.

    A transaction opens books once, after it has locked what it needs of `stock`: rows are locked
    in order of sku and warehouse, so that no two transactions wait in a circle.
    """

    def __init__(self, levels: dict[tuple[str, str], _Level]) -> None:
        self._levels = levels
        self._places: dict[str, list[str]] = {}
        for sku, warehouse_id in levels:
            self._places.setdefault(sku, []).append(warehouse_id)
        self._moved: set[tuple[str, str]] = set()
        self.movements: list[Movement] = []

    @classmethod
    async def open(
        cls,
        connection: Connection,
        skus: Collection[str],
        into: Iterable[str] = (),
    ) -> Books:
        """Hold the stock of some skus.

        Parameters
        ----------
        into
            Warehouses that something of each sku may come into.
        """
        pairs = [(sku, warehouse_id) for warehouse_id in into for sku in skus]
        if pairs:
            await repository.open_rows(connection, pairs)
        rows = await repository.hold(connection, sorted(skus))
        return cls(
            {
                (row["sku"], row["warehouse_id"]): _Level(row["on_hand"], row["allocated"])
                for row in rows
            }
        )

    def on_hand(self, sku: str, warehouse_id: str) -> int:
        """Return how much is in a warehouse, allocated or not."""
        level = self._levels.get((sku, warehouse_id))
        return level.on_hand if level else 0

    def allocated(self, sku: str, warehouse_id: str) -> int:
        """Return how much of what is in a warehouse is an order's."""
        level = self._levels.get((sku, warehouse_id))
        return level.allocated if level else 0

    def free(self, sku: str, warehouse_id: str) -> int:
        """Return how much in a warehouse is no order's."""
        return self.on_hand(sku, warehouse_id) - self.allocated(sku, warehouse_id)

    def free_of(self, skus: Collection[str]) -> dict[str, dict[str, int]]:
        """Return how much of some skus is no order's, by warehouse and sku."""
        found: dict[str, dict[str, int]] = {}
        for sku in skus:
            for warehouse_id in self._places.get(sku, ()):
                found.setdefault(warehouse_id, {})[sku] = self.free(sku, warehouse_id)
        return found

    def move(
        self,
        kind: Kind,
        sku: str,
        warehouse_id: str,
        reference: str,
        *,
        on_hand: int = 0,
        allocated: int = 0,
    ) -> Movement:
        """Change what is there, and return the entry that the ledger will have of it.

        That there is enough has been looked at; the database refuses what is not so.
        """
        level = self._levels[sku, warehouse_id]
        level.on_hand += on_hand
        level.allocated += allocated
        after = (level.on_hand, level.allocated)
        moved = Movement(sku, warehouse_id, kind, on_hand, allocated, *after, reference)
        self._moved.add((sku, warehouse_id))
        self.movements.append(moved)
        return moved

    async def write(self, connection: Connection, at: datetime) -> None:
        """Write what has moved, if anything has."""
        if not self.movements:
            return
        rows = [
            (*pair, self._levels[pair].on_hand, self._levels[pair].allocated)
            for pair in sorted(self._moved)
        ]
        await repository.write(connection, rows, [astuple(each) for each in self.movements], at)
