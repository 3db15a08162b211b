"""Answer with metrics of the business, each by its one definition."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from models.metrics import Question, QuestionError, UnknownMetricError, compile_question
from models.metrics.questions import MOST_ROWS
from serving.errors import BadQuestionError, NoMetricError, WarehouseAwayError
from serving.openapi import problems
from serving.services import AskedOf

_NAMES = r"^([a-z0-9_]{1,64}(,[a-z0-9_]{1,64}){0,9})?$"
_FILTER = r"^[a-z0-9_]{1,64}:.{0,120}$"

router = APIRouter(tags=["metrics"])


class MetricOut(BaseModel):
    """A metric, as it is defined."""

    name: str
    label: str
    description: str
    unit: str
    owner: str = Field(description="Who is asked about it.")
    by: list[str] = Field(description="Dimensions and grains of time to lay it out by.")


class MetricsAnswer(BaseModel):
    """All metrics."""

    metrics: list[MetricOut]


class FiguresAnswer(BaseModel):
    """A metric's figures."""

    metric: str
    unit: str
    rows: list[dict[str, str | int | float | None]] = Field(
        description="Each with a value by dimension and grain, and `value`: a whole number, a"
        " fraction, or null where a denominator is zero."
    )


@router.get("/v1/metrics", summary="List the metrics")
async def metrics(asked: AskedOf) -> MetricsAnswer:
    """List every metric with its unit, its owner, and by what it can be laid out."""
    catalogue = asked.services.figures.catalogue
    return MetricsAnswer(
        metrics=[
            MetricOut(
                name=metric.name,
                label=metric.label,
                description=metric.description,
                unit=metric.unit,
                owner=metric.owner,
                by=catalogue.dimensions_of(metric),
            )
            for metric in catalogue.metrics.values()
        ]
    )


@router.get(
    "/v1/metrics/{name}",
    summary="Answer with a metric",
    responses=problems(NoMetricError, BadQuestionError, WarehouseAwayError),
)
async def figures(
    asked: AskedOf,
    name: Annotated[str, Path(max_length=64, examples=["net_sales"])],
    by: Annotated[
        str,
        Query(
            pattern=_NAMES,
            description="Dimensions and grains of time, separated by commas.",
            examples=["month,channel"],
        ),
    ] = "",
    since: Annotated[date | None, Query(alias="from", description="First UTC day.")] = None,
    until: Annotated[date | None, Query(description="Day after the last one.")] = None,
    where: Annotated[
        list[Annotated[str, Field(pattern=_FILTER)]] | None,
        Query(
            max_length=20,
            description="dimension:value; of several values of a dimension any.",
            examples=[["channel:web"]],
        ),
    ] = None,
) -> FiguresAnswer:
    """Compute a metric from the marts, at most 10,000 rows of it."""
    kept: dict[str, list[str]] = {}
    for one in where or []:
        dimension, _, value = one.partition(":")
        kept.setdefault(dimension, []).append(value)
    services = asked.services
    question = Question(name, by.split(",") if by else [], since, until, kept)
    try:
        compiled = compile_question(services.figures.catalogue, question)
    except UnknownMetricError as error:
        raise NoMetricError(str(error)) from error
    except QuestionError as error:
        raise BadQuestionError(f"query.{error}") from error
    rows = await services.figures.answer(compiled)
    if len(rows) > MOST_ROWS:
        raise BadQuestionError(f"query.by: makes more than {MOST_ROWS:,} rows")
    return FiguresAnswer(
        metric=name,
        unit=services.figures.catalogue.metrics[name].unit,
        rows=[
            {
                column: cell.isoformat() if isinstance(cell, date) else cell
                for column, cell in zip(compiled.columns, row, strict=True)
            }
            for row in rows
        ],
    )
