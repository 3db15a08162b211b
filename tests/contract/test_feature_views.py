"""A feature view in Python and its dbt model are one definition, written down in two places."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from models.features import ORDER_FRAUD, FeatureView, Source

MODELS = Path(__file__).resolve().parents[2] / "dbt" / "models"
TYPES = {
    "int64": {"Int64", "Nullable(Int64)"},
    "float64": {"Float64", "Nullable(Float64)"},
}


def columns(layer: str, model: str) -> dict[str, str]:
    """Return the columns of a model's contract with their types."""
    document: dict[str, Any] = yaml.safe_load((MODELS / layer / f"{model}.yml").read_text("utf-8"))
    (described,) = document["models"]
    assert described["name"] == model
    return {column["name"]: column["data_type"] for column in described["columns"]}


@pytest.mark.parametrize("view", [ORDER_FRAUD], ids=lambda view: view.name)
def test_a_view_names_the_columns_of_its_model(view: FeatureView) -> None:
    found = columns("features", view.name)
    expected = [*view.entity, view.timestamp, view.label, *view.names]
    assert [name for name in expected if name not in found] == []


@pytest.mark.parametrize("view", [ORDER_FRAUD], ids=lambda view: view.name)
def test_the_features_stand_in_the_order_in_which_a_model_takes_them(view: FeatureView) -> None:
    found = [name for name in columns("features", view.name) if name in set(view.names)]
    assert found == view.names


@pytest.mark.parametrize("feature", ORDER_FRAUD.features, ids=lambda feature: feature.name)
def test_a_feature_has_the_type_that_training_expects(feature: Any) -> None:
    assert columns("features", ORDER_FRAUD.name)[feature.name] in TYPES[feature.dtype]


@pytest.mark.parametrize("feature", ORDER_FRAUD.features, ids=lambda feature: feature.name)
def test_a_feature_may_be_missing_exactly_when_it_has_no_default(feature: Any) -> None:
    nullable = columns("features", ORDER_FRAUD.name)[feature.name].startswith("Nullable")
    assert not (nullable and feature.default is not None)


def test_the_daily_table_publishes_every_batch_feature() -> None:
    found = columns("features", "feat_shopper_daily")
    batch = [feature.name for feature in ORDER_FRAUD.of(Source.BATCH)]
    assert [name for name in found if name in set(batch)] == batch


@pytest.mark.parametrize("path", sorted(MODELS.rglob("*.sql")), ids=lambda path: path.stem)
def test_every_model_states_its_grain(path: Path) -> None:
    (described,) = yaml.safe_load(path.with_suffix(".yml").read_text("utf-8"))["models"]
    assert described["name"] == path.stem
    assert described["description"].startswith("One row per ")
    assert all(column["description"] for column in described["columns"])
