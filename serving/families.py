"""Which code answers for each model family."""

from __future__ import annotations

from typing import NoReturn

from serving.artifacts import Loaders
from serving.disk import Artifact, UnfitArtifactError


def _without_code(artifact: Artifact) -> NoReturn:
    raise UnfitArtifactError("this build has no code for the family")


LOADERS = Loaders(
    recommend=_without_code, fraud=_without_code, demand=_without_code, carbon=_without_code
)
"""The loaders that serving runs with."""
