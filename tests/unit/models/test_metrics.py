"""Definitions are refused by field, and a question becomes one SELECT with bound parameters."""

from __future__ import annotations

from datetime import date

import pytest

from models.metrics import (
    Catalogue,
    DefinitionError,
    Question,
    QuestionError,
    compile_question,
    parse,
    saved_metric,
)

MODEL = """
semantic_models:
  - name: sales
    model: ref('mart_sales')
    description: Sales.
    primary_entity: cell
    defaults: {agg_time_dimension: happened_on}
    dimensions:
      - {name: happened_on, type: time, expr: day, type_params: {time_granularity: day}}
      - {name: channel, type: categorical, description: Where.}
    measures:
      - {name: paid, agg: sum, expr: sales_minor}
      - {name: back, agg: sum, expr: refunded_minor}
"""
METRICS = """
metrics:
  - name: paid
    label: Paid
    description: Paid.
    type: simple
    type_params: {measure: paid}
    filter: "{{ Dimension('cell__channel') }} != 'o''clock'"
    config: {meta: {unit: minor units, owner: finance}}
  - name: back
    label: Back
    description: Back.
    type: simple
    type_params: {measure: back}
    config: {meta: {unit: minor units, owner: finance}}
  - name: rate
    label: Rate
    description: Rate.
    type: ratio
    type_params: {numerator: back, denominator: paid}
    config: {meta: {unit: share, owner: finance}}
  - name: week
    label: Week
    description: Week.
    type: cumulative
    type_params: {measure: paid, cumulative_type_params: {window: 7 days}}
    config: {meta: {unit: minor units, owner: finance}}
  - name: net
    label: Net
    description: Net.
    type: derived
    type_params: {expr: (paid - back) / paid, metrics: [{name: paid}, {name: back}]}
    config: {meta: {unit: share, owner: finance}}
"""
GOOD = METRICS.replace("o''clock", "web")


def catalogue(metrics: str = GOOD) -> Catalogue:
    return parse([MODEL, metrics])


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("type: ratio", "type: fraction", "rate: type: must be one of simple, ratio"),
        ("numerator: back", "numerator: bakc", "rate: there is no metric bakc"),
        ("measure: back", "measure: bakc", "back: type_params.measure: there is no measure bakc"),
        ("cell__channel", "cell__chanel", "paid: filter: the dimensions are cell__channel"),
        ("!= 'web'", "like 'web'", "paid: filter: must compare"),
        ("window: 7 days", "window: a week", "week: type_params.cumulative_type_params"),
        ("(paid - back)", "(paid - sleep(3))", "net: type_params.expr: must be arithmetic over"),
        ("denominator: paid", "denominator: week", "rate: type_params: a cumulative metric"),
        ("denominator: paid", "denominator: rate", "rate: is made of itself: rate > rate"),
        ("unit: share, ", "", "rate: unit: is missing"),
    ],
)
def test_a_definition_that_breaks_a_rule_is_named_with_its_field(
    old: str, new: str, told: str
) -> None:
    with pytest.raises(DefinitionError) as caught:
        catalogue(GOOD.replace(old, new, 1))
    assert told in str(caught.value)


def test_a_text_with_a_quote_ends_no_filter() -> None:
    with pytest.raises(DefinitionError, match="paid: filter: must compare"):
        catalogue(METRICS)


def test_a_question_becomes_one_select_and_its_values_are_parameters() -> None:
    question = Question("rate", ("month", "channel"), date(2018, 1, 1), None, {"channel": ["a'b"]})
    compiled = compile_question(catalogue(), question)
    assert compiled.columns == ("month", "channel", "value")
    assert compiled.sql.count("select") == 1
    assert "sum(refunded_minor) / nullIf(sumIf(sales_minor, channel != {p0:String}), 0)" in (
        compiled.sql
    )
    assert "day >= {p1:Date} and toString(channel) in {p2:Array(String)}" in compiled.sql
    assert compiled.parameters == {"p0": "web", "p1": date(2018, 1, 1), "p2": ["a'b"], "p3": 10_001}


@pytest.mark.parametrize(
    ("question", "told"),
    [
        (Question("rat"), "metric: must be one of paid, back, rate, week, net, not 'rat'"),
        (Question("rate", ["hour"]), "by: must be of day, week, month, quarter, year, channel"),
        (Question("week", ["month"]), "by: must be of day, channel, not 'month'"),
        (Question("week", ["channel"]), "by: must have day"),
        (Question("rate", where={"day": ["x"]}), "where: must be of channel, not 'day'"),
        (
            Question("rate", since=date(2018, 1, 1), until=date(2018, 1, 1)),
            "until: must be after from, which is 2018-01-01",
        ),
    ],
)
def test_a_question_is_refused_with_what_is_allowed(question: Question, told: str) -> None:
    with pytest.raises(QuestionError) as caught:
        compile_question(catalogue(), question)
    assert told in str(caught.value)


def test_a_dashboards_expression_has_no_parameters() -> None:
    saved = saved_metric(catalogue(), "net")
    assert (saved.table, saved.day) == ("marts.mart_sales", "day")
    paid = "sumIf(sales_minor, channel != 'web')"
    assert saved.expression == f"(({paid}) - (sum(refunded_minor))) / nullIf(({paid}), 0)"
    with pytest.raises(DefinitionError, match="week: is cumulative"):
        saved_metric(catalogue(), "week")
