"""From dbt's YAML to definitions, with every rule checked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from models.metrics.catalogue import GRAINS, Catalogue
from models.metrics.conditions import conditions_of
from models.metrics.definitions import (
    Aggregation,
    DefinitionError,
    Dimension,
    Kind,
    Measure,
    Metric,
    SemanticModel,
)

SCHEMA = "marts"
"""Where all tables of semantic models are."""
_REFERENCE = re.compile(r"ref\('([a-z0-9_]+)'\)")
_ARITHMETIC = re.compile(r"[a-z0-9_+\-*/(). ]+")
_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_WINDOW = re.compile(r"([1-9][0-9]{0,3}) days?")
Entry = Mapping[str, Any]


def parse(texts: Iterable[str]) -> Catalogue:
    """Read the definitions.

    Parameters
    ----------
    texts
        Contents of files in the format of dbt's semantic layer.

    Raises
    ------
    DefinitionError
        If a definition breaks a rule.
    """
    files = [yaml.safe_load(text) or {} for text in texts]
    models = _by_name(_model(entry) for file in files for entry in file.get("semantic_models", ()))
    entries = {entry["name"]: entry for file in files for entry in file.get("metrics", ())}
    metrics: dict[str, Metric] = {}
    for name in entries:
        _add(name, entries, models, metrics, ())
    return Catalogue(models, {name: metrics[name] for name in entries})


def _by_name(models: Iterable[SemanticModel]) -> dict[str, SemanticModel]:
    return {model.name: model for model in models}


def _model(entry: Entry) -> SemanticModel:
    name = entry["name"]
    reference = _REFERENCE.fullmatch(_of(entry, "model", name))
    if reference is None:
        raise DefinitionError(f"{name}: model: must be ref('name')")
    time = _of(_of(entry, "defaults", name), "agg_time_dimension", name)
    day = ""
    dimensions = {}
    for item in _of(entry, "dimensions", name):
        expression = str(item.get("expr", item["name"]))
        if item["name"] == time:
            day = expression
        elif item["name"] in GRAINS or item["name"] == "value":
            raise DefinitionError(f"{name}: dimensions: {item['name']} is taken")
        else:
            dimensions[item["name"]] = Dimension(
                item["name"], expression, str(item.get("description", ""))
            )
    if not day:
        raise DefinitionError(f"{name}: defaults.agg_time_dimension: {time} is no dimension")
    return SemanticModel(
        name=name,
        table=f"{SCHEMA}.{reference.group(1)}",
        description=_of(entry, "description", name),
        entity=_of(entry, "primary_entity", name),
        day=day,
        dimensions=dimensions,
        measures={item["name"]: _measure(item, name) for item in _of(entry, "measures", name)},
    )


def _measure(item: Entry, model: str) -> Measure:
    if item.get("agg") not in list(Aggregation):
        allowed = ", ".join(Aggregation)
        raise DefinitionError(f"{model}: measures.{item['name']}.agg: must be one of {allowed}")
    return Measure(item["name"], Aggregation(item["agg"]), str(item.get("expr", item["name"])))


def _add(
    name: str,
    entries: Mapping[str, Entry],
    models: Mapping[str, SemanticModel],
    metrics: dict[str, Metric],
    above: tuple[str, ...],
) -> Metric:
    """Add a metric, after those that it is made of."""
    if name in metrics:
        return metrics[name]
    if name in above:
        raise DefinitionError(f"{name}: is made of itself: {' > '.join([*above, name])}")
    if name not in entries:
        raise DefinitionError(f"{above[-1]}: there is no metric {name}")
    entry = entries[name]
    if entry.get("type") not in list(Kind):
        raise DefinitionError(f"{name}: type: must be one of {', '.join(Kind)}")
    kind, told = Kind(entry["type"]), _of(entry, "type_params", name)
    meta = _of(_of(entry, "config", name), "meta", name)
    parts = _parts(kind, told, name)
    inputs = [_add(part, entries, models, metrics, (*above, name)) for part in parts]
    if any(part.kind is Kind.CUMULATIVE for part in inputs):
        raise DefinitionError(f"{name}: type_params: a cumulative metric is a part of no other")
    model = _model_of(name, told, inputs, models)
    window_days, to_date = _span(kind, told, name)
    if parts and entry.get("filter"):
        raise DefinitionError(f"{name}: filter: belongs to the metrics that this one is made of")
    metrics[name] = Metric(
        name=name,
        label=_of(entry, "label", name),
        description=_of(entry, "description", name),
        kind=kind,
        unit=_of(meta, "unit", name),
        owner=_of(meta, "owner", name),
        model=model.name,
        inputs=tuple(parts),
        measure="" if parts else told["measure"],
        expression=_arithmetic(told, parts, name) if kind is Kind.DERIVED else "",
        window_days=window_days,
        to_date=to_date,
        conditions=conditions_of(entry.get("filter", ""), model, name),
    )
    return metrics[name]


def _parts(kind: Kind, told: Entry, name: str) -> list[str]:
    if kind is Kind.RATIO:
        return [_of(told, "numerator", name), _of(told, "denominator", name)]
    if kind is Kind.DERIVED:
        return [item["name"] for item in _of(told, "metrics", name)]
    return []


def _model_of(
    name: str, told: Entry, inputs: list[Metric], models: Mapping[str, SemanticModel]
) -> SemanticModel:
    if inputs:
        found = {part.model for part in inputs}
        if len(found) > 1:
            several = ", ".join(sorted(found))
            raise DefinitionError(
                f"{name}: type_params: its parts are of several models: {several}"
            )
        return models[found.pop()]
    measure = _of(told, "measure", name)
    for model in models.values():
        if measure in model.measures:
            return model
    raise DefinitionError(f"{name}: type_params.measure: there is no measure {measure}")


def _span(kind: Kind, told: Entry, name: str) -> tuple[int, str]:
    if kind is not Kind.CUMULATIVE:
        return 0, ""
    span = _of(told, "cumulative_type_params", name)
    window = _WINDOW.fullmatch(str(span.get("window", "")))
    if window:
        return int(window.group(1)), ""
    if span.get("grain_to_date") not in set(GRAINS) - {"day"}:
        rule = "must have a window of days, or a grain_to_date"
        raise DefinitionError(f"{name}: type_params.cumulative_type_params: {rule}")
    return 0, str(span["grain_to_date"])


def _arithmetic(told: Entry, parts: list[str], name: str) -> str:
    expression = str(_of(told, "expr", name))
    names = set(_NAME.findall(expression))
    if not _ARITHMETIC.fullmatch(expression) or names != set(parts):
        rule = f"must be arithmetic over {', '.join(parts)}"
        raise DefinitionError(f"{name}: type_params.expr: {rule}")
    return expression


def _of(entry: Entry, field: str, name: str) -> Any:
    if not entry.get(field):
        raise DefinitionError(f"{name}: {field}: is missing")
    return entry[field]
