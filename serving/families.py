"""Which code answers for each model family."""

from __future__ import annotations

from typing import NoReturn

from lightgbm.basic import LightGBMError

from models import carbon, fraud, recommend
from models.artifacts import Artifact
from serving.artifacts import Loaders
from serving.disk import UnfitArtifactError
from serving.scorers import FraudScorer


def _without_code(artifact: Artifact) -> NoReturn:
    raise UnfitArtifactError("this build has no code for the family")


def _fraud(artifact: Artifact) -> FraudScorer:
    try:
        return fraud.load(artifact.files, artifact.manifest)
    except LightGBMError as error:
        raise UnfitArtifactError(str(error)) from error


LOADERS = Loaders(
    recommend=lambda artifact: recommend.load(artifact.files, artifact.manifest),
    fraud=_fraud,
    demand=_without_code,
    carbon=lambda artifact: carbon.load(artifact.files, artifact.manifest),
)
"""The loaders that serving runs with."""
