"""Which code answers for each model family."""

from __future__ import annotations

from lightgbm.basic import LightGBMError

from models import carbon, demand, fraud, recommend
from models.artifacts import Artifact
from serving.artifacts import Loaders
from serving.disk import UnfitArtifactError
from serving.scorers import FraudScorer


def _fraud(artifact: Artifact) -> FraudScorer:
    try:
        return fraud.load(artifact.files, artifact.manifest)
    except LightGBMError as error:
        raise UnfitArtifactError(str(error)) from error


LOADERS = Loaders(
    recommend=lambda artifact: recommend.load(artifact.files, artifact.manifest),
    fraud=_fraud,
    demand=lambda artifact: demand.load(artifact.files, artifact.manifest),
    carbon=lambda artifact: carbon.load(artifact.files, artifact.manifest),
)
"""The loaders that serving runs with."""
