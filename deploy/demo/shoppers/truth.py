"""What only the simulation knows, as Parquet: its tables and how they are written.

The platform never reads this. A table of few rows is one file; one that grows with the days is a
folder with a file for each day, written when all visits of that day are over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

_TEXT, _WHOLE, _REAL, _FLAG = pa.string(), pa.int64(), pa.float64(), pa.bool_()
_INSTANT = pa.timestamp("ms", tz="UTC")


@dataclass(frozen=True)
class Column:
    """A column: what it is called, holds and means."""

    name: str
    type: Any
    meaning: str


def _table(*columns: tuple[str, Any, str]) -> tuple[Column, ...]:
    return tuple(Column(*column) for column in columns)


_VISIT = ("session_id", _TEXT, "The visit, as clicks and orders name it")
_PERSON = ("person", _WHOLE, "Row of people")
_ORDER = ("order_id", _TEXT, "The store's id of the order")
_SKU = ("sku", _TEXT, "The variant")

TABLES: Mapping[str, tuple[Column, ...]] = {
    "people": _table(
        ("person", _WHOLE, "Number of the person, from 0"),
        ("kind", _TEXT, "human, bot or fraudster"),
        ("is_bot", _FLAG, "Whether it is a program"),
        ("is_fraudster", _FLAG, "Whether the person means to cheat"),
        ("scenario", _TEXT, "How a fraudster cheats; empty for others"),
        ("guise", _TEXT, "How a bot appears, as parameters.yml names it; empty for others"),
        ("tastes", pa.list_(_REAL), "Latent tastes"),
        ("price_sensitivity", _REAL, "Weight of the price's logarithm"),
        ("green", _REAL, "Weight of sustainability, 0 to 1"),
        ("weekly_budget_minor", _WHOLE, "Most that is spent in a week, cents"),
        ("visits_per_day", _REAL, "Mean number of visits"),
        ("chronotype_h", _REAL, "Hours by which the person lives later"),
        ("patience", _REAL, "Multiplies the pages of a visit"),
        ("consent", _FLAG, "Whether the person lets itself be measured"),
        ("devices", pa.list_(_TEXT), "Kinds of the person's devices"),
        (
            "anonymous_ids",
            pa.list_(_TEXT),
            "Cookie of each device; none if each visit has its own",
        ),
        ("area", _TEXT, "Postal area"),
        ("distance_km", _REAL, "To the store"),
        ("country", _TEXT, "Where the person and its card are from"),
    ),
    "products": _table(
        _SKU,
        ("product_id", _TEXT, "The product"),
        ("department", _TEXT, "As the catalogue states it"),
        ("category", _TEXT, "As the catalogue states it"),
        ("vector", pa.list_(_REAL), "Latent attributes"),
        ("green", _REAL, "Sustainability as shoppers see it, 0 to 1"),
        ("reference_minor", _REAL, "What it is felt to be worth, cents"),
    ),
    "experiments": _table(
        ("experiment", _TEXT, "Name"),
        ("salt", _TEXT, "What the arm is a hash of, beside the cookie"),
        ("acts_on", _TEXT, "add or checkout"),
        ("effect", _REAL, "True effect on the log-odds"),
        _PERSON,
        ("anonymous_id", _TEXT, "The cookie"),
        ("treated", _FLAG, "Its arm"),
    ),
    "sessions": _table(
        _VISIT,
        _PERSON,
        ("device", _WHOLE, "Which of the person's devices"),
        ("anonymous_id", _TEXT, "The device's cookie"),
        ("subject", _TEXT, "The store's pseudonym of the cookie's holder"),
        ("started_at", _INSTANT, "Begin"),
        ("ended_at", _INSTANT, "End"),
        ("pages", _WHOLE, "Lists that were shown"),
        ("viewed", _WHOLE, "Products that were opened"),
        ("added", _WHOLE, "Products that were put into the cart"),
        ("consent", _FLAG, "Whether clicks were sent"),
        ("is_bot", _FLAG, "Whether a program made it"),
        ("scenario", _TEXT, "How it was meant to cheat; empty if not"),
        (
            "outcome",
            _TEXT,
            "How it ended; see docs/simulation.md",
        ),
        ("checkout_probability", _REAL, "With the arms that it had; null without a cart"),
        ("checkout_probability_control", _REAL, "Had every arm been control"),
        ("checkout_probability_treated", _REAL, "Had every arm been treated"),
        ("traffic", _TEXT, "Digest of all that was asked of the store, and when"),
    ),
    "impressions": _table(
        _VISIT,
        ("page", _WHOLE, "Of the visit, from 0"),
        ("source", _TEXT, "home (recommendations), search or department"),
        ("slate_id", _TEXT, "The decision that chose it; empty if none did"),
        ("position", _WHOLE, "From 1"),
        _SKU,
        ("price_minor", _WHOLE, "As it was shown, cents"),
        ("examination", _REAL, "Chance that the position is looked at"),
        ("relevance", _REAL, "Chance of a click once it is"),
        ("examined", _FLAG, "Whether it was looked at"),
        ("clicked", _FLAG, "Whether it was clicked"),
    ),
    "views": _table(
        _VISIT,
        ("viewed_at", _INSTANT, "When the product was opened"),
        _SKU,
        ("price_minor", _WHOLE, "As it was shown, cents"),
        ("available", _WHOLE, "Pieces that could be bought, as it was shown"),
        ("add_probability", _REAL, "Chance to put it into the cart"),
        ("add_probability_control", _REAL, "Had every arm been control"),
        ("add_probability_treated", _REAL, "Had every arm been treated"),
        ("wanted", _WHOLE, "Pieces that were wanted; 0 for none"),
        ("sold_out", _FLAG, "Whether there were not so many: demand that no sale shows"),
    ),
    "orders": _table(
        _ORDER,
        _VISIT,
        _PERSON,
        ("subject", _TEXT, "The store's pseudonym of the buyer"),
        ("completed_at", _INSTANT, "When the shopper had paid, by the shopper's own clock"),
        ("currency", _TEXT, "ISO 4217"),
        ("total_minor", _WHOLE, "What was paid, minor units"),
        ("discount_minor", _WHOLE, "What codes took off"),
        ("lines", _WHOLE, "Lines"),
        ("code", _TEXT, "Promotion code; empty if none"),
        ("card", _TEXT, "The provider's payment method"),
        ("is_fraud", _FLAG, "Whether it was meant to cheat"),
        ("scenario", _TEXT, "How; empty if not"),
    ),
    "refunds": _table(
        _ORDER,
        ("at", _INSTANT, "When it is given back"),
        ("amount_minor", _WHOLE, "How much"),
        ("reason", _TEXT, "What is said"),
        ("genuine", _FLAG, "Whether it is true"),
        ("happened", _FLAG, "False if the simulation ended before, or the store refused"),
    ),
    "chargebacks": _table(
        _ORDER,
        ("at", _INSTANT, "When the bank takes the money back"),
        ("amount_minor", _WHOLE, "How much"),
        ("reason", _TEXT, "What is said"),
        ("genuine", _FLAG, "Whether the cardholder did not order it"),
        ("scenario", _TEXT, "How the order cheated"),
        ("happened", _FLAG, "False if the simulation ended before, or the store refused"),
    ),
}
BY_VISIT = ("sessions", "impressions", "views")
"""Tables that a visit adds rows to, tuples in the order of their columns; a file for each day."""


def schema(table: str) -> Any:
    """Return the Arrow schema of a table, each column with its meaning."""
    return pa.schema(
        [pa.field(c.name, c.type, metadata={"meaning": c.meaning}) for c in TABLES[table]]
    )


class Truth:
    """The folder of one run.

    Parameters
    ----------
    folder
        Made if it is not there, for its owner's eyes alone.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def write(self, table: str, rows: Sequence[Sequence[Any]]) -> None:
        """Write a table of few rows, tuples in the order of its columns."""
        self._save(self.folder / f"{table}.parquet", table, rows)

    def write_day(self, table: str, day: int, rows: Sequence[Sequence[Any]]) -> None:
        """Write the rows of one day."""
        folder = self.folder / table
        folder.mkdir(exist_ok=True)
        self._save(folder / f"day-{day:05d}.parquet", table, rows)

    def _save(self, path: Path, table: str, rows: Sequence[Sequence[Any]]) -> None:
        shape = schema(table)
        columns = list(zip(*rows, strict=True)) or [()] * len(shape)
        arrays = [pa.array(c, f.type) for c, f in zip(columns, shape, strict=True)]
        unfinished = path.with_suffix(".unfinished")
        pq.write_table(pa.Table.from_arrays(arrays, schema=shape), unfinished, compression="zstd")
        unfinished.replace(path)

    def read(self, table: str) -> Any:
        """Return a table as an Arrow table."""
        path = self.folder / table
        if path.is_dir():
            parts = [pq.read_table(part) for part in sorted(path.glob("day-*.parquet"))]
            return pa.concat_tables(parts) if parts else schema(table).empty_table()
        return pq.read_table(path.with_suffix(".parquet"))
