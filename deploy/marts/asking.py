"""A metric's figures: its definition compiled, the warehouse asked, and what it answered."""

from __future__ import annotations

from typing import Any

import pandas as pd
from clickhouse_connect.driver.client import Client

from models.metrics import Catalogue, Compiled, Question, QuestionError, compile_question
from models.metrics.catalogue import GRAINS
from models.metrics.questions import MOST_ROWS


def answer(client: Client, compiled: Compiled) -> list[tuple[Any, ...]]:
    """Return the rows of a compiled question.

    Raises
    ------
    QuestionError
        If there are more than `MOST_ROWS`.
    """
    rows = client.query(compiled.sql, parameters=dict(compiled.parameters)).result_rows
    if len(rows) > MOST_ROWS:
        raise QuestionError("by", f"makes more than {MOST_ROWS:,} rows")
    return [tuple(row) for row in rows]


def figures(client: Client, catalogue: Catalogue, question: Question) -> pd.DataFrame:
    """Return a metric's figures as a frame.

    Returns
    -------
    pandas.DataFrame
        A column for each dimension and grain that was asked by, grains as datetime64, and `value`
        in the metric's unit: NaN where a denominator is zero.

    Raises
    ------
    QuestionError
        If the question breaks a rule, or has too many rows for an answer.
    """
    compiled = compile_question(catalogue, question)
    found = pd.DataFrame(answer(client, compiled), columns=list(compiled.columns))
    grains = {name: pd.to_datetime(found[name]) for name in GRAINS if name in found}
    return found.assign(**grains)
