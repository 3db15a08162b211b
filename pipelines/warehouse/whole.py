"""Tables that are written as a whole; readers see the old or the new."""

from __future__ import annotations

import pandas as pd
from clickhouse_connect.driver.client import Client

_AT_ONCE = {"async_insert": 0, "mutations_sync": 2}


def replace_whole(client: Client, table: str, rows: pd.DataFrame) -> None:
    """Put rows into a table in place of all that it held.

    Parameters
    ----------
    table
        Its qualified name, ``schema.name``; ``<table>_next`` stands beside it.
    rows
        Its columns.
    """
    following = f"{table}_next"
    client.command(f"TRUNCATE TABLE {following}")
    if not rows.empty:
        client.insert_df(following, rows, settings=_AT_ONCE)
    client.command(f"ALTER TABLE {table} REPLACE PARTITION tuple() FROM {following}")
    client.command(f"TRUNCATE TABLE {following}")
