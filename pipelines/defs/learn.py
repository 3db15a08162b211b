"""Training, the check against the naive baseline, and the switch of what serving answers with.

Each family is three steps: a candidate is trained and saved, a blocking check compares it with its
baseline, and only then is serving's pointer moved to it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import dagster as dg

from models.artifacts import Artifact, Metric
from pipelines import training
from pipelines.artifact_store import promote, save
from pipelines.defs.resources import Artifacts, Warehouse
from pipelines.defs.retrying import by_class
from pipelines.defs.transform import key_of


@dataclass(frozen=True)
class Family:
    """A model family in the asset graph.

    Parameters
    ----------
    name
        Its name.
    train
        Reads frames from the warehouse and returns the artifact.
    tables
        What it reads, qualified.
    """

    name: str
    train: Callable[[Warehouse], Artifact]
    tables: tuple[str, ...]

    @property
    def candidate(self) -> dg.AssetKey:
        """Key of the trained artifact."""
        return dg.AssetKey(["candidate", self.name])


FAMILIES = (
    Family(
        "recommend",
        training.recommend_artifact,
        ("marts.fct_order_lines", "marts.fct_sessions"),
    ),
    Family("fraud", training.fraud_artifact, ("features.feat_order_fraud",)),
    Family("demand", training.demand_artifact, ("features.feat_sku_daily",)),
    Family(
        "carbon",
        training.carbon_artifact,
        ("marts.dim_products", "marts.mart_order_footprint", "marts.fct_order_lines"),
    ),
    Family("lifetime", training.lifetime_artifact, ("intermediate.int_purchases",)),
)


def _described(metric: Metric) -> str:
    return (
        f"{metric.value:.4f} against {metric.baseline_value:.4f} ({metric.baseline}), "
        f"{metric.n} cases of {metric.window_from} to {metric.window_to}"
    )


def _candidate(family: Family) -> dg.AssetsDefinition:
    @dg.asset(
        key=family.candidate,
        deps=[key_of(table) for table in family.tables],
        group_name="models",
        kinds={"python"},
        description=f"A trained artifact of the family {family.name}, not yet in service.",
    )
    def candidate(warehouse: Warehouse, artifacts: Artifacts) -> dg.MaterializeResult[None]:
        with by_class():
            artifact = family.train(warehouse)
        save(artifacts.path, artifact)
        figures = {metric.name: metric.value for metric in artifact.metrics}
        beside = {f"{m.name} beside its baseline": _described(m) for m in artifact.metrics}
        return dg.MaterializeResult(
            metadata={"version": artifact.version, **figures, **beside},
            data_version=dg.DataVersion(artifact.version),
        )

    return candidate


def _latest_version(
    context: dg.AssetCheckExecutionContext | dg.AssetExecutionContext, family: Family
) -> str:
    event = context.instance.get_latest_materialization_event(family.candidate)
    materialization = event.asset_materialization if event else None
    if materialization is None:
        raise dg.Failure(f"no candidate of {family.name} was ever trained")
    return str(materialization.metadata["version"].value)


def _check(family: Family) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=family.candidate,
        name="beats_its_baseline",
        blocking=True,
        description="Its first metric is better than the naive baseline's on later days.",
    )
    def beats_its_baseline(
        context: dg.AssetCheckExecutionContext, artifacts: Artifacts
    ) -> dg.AssetCheckResult:
        version = _latest_version(context, family)
        metrics = training.metrics_of(artifacts.path, family.name, version)
        if not metrics:
            return dg.AssetCheckResult(
                passed=False, description="nothing could be measured: no later days with labels"
            )
        return dg.AssetCheckResult(
            passed=metrics[0].beats_baseline,
            metadata={metric.name: _described(metric) for metric in metrics},
        )

    return beats_its_baseline


def _served(family: Family) -> dg.AssetsDefinition:
    @dg.asset(
        key=dg.AssetKey(["served", family.name]),
        deps=[family.candidate],
        group_name="models",
        kinds={"fastapi"},
        description=f"What serving answers with for the family {family.name}.",
    )
    def served(
        context: dg.AssetExecutionContext, artifacts: Artifacts
    ) -> dg.MaterializeResult[None]:
        version = _latest_version(context, family)
        promote(artifacts.path, family.name, version)
        return dg.MaterializeResult(metadata={"version": version})

    return served


def assets() -> list[dg.AssetsDefinition]:
    """Return the candidates and what is served of them."""
    return [make(family) for family in FAMILIES for make in (_candidate, _served)]


def checks() -> list[dg.AssetChecksDefinition]:
    """Return each family's comparison with its baseline."""
    return [_check(family) for family in FAMILIES]
