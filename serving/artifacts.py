"""Which artifact of each family is in service, and why the others are not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Generic, TypeVar
from zipfile import BadZipFile

import structlog

from models.artifacts import Artifact
from models.features import ORDER_FRAUD, FeatureView
from serving import metrics
from serving.disk import UnfitArtifactError, pointed_at, read, require_features
from serving.errors import ModelAwayError
from serving.scorers import FootprintCalculator, Forecaster, FraudScorer, Recommender

UNFIT = (UnfitArtifactError, ValueError, KeyError, TypeError, BadZipFile)
"""What reading files that are not those of a model may raise."""

log = structlog.get_logger(__name__)
S = TypeVar("S")


class State(StrEnum):
    """How a family's published artifact fares."""

    READY = "ready"
    """It is in service."""
    ABSENT = "absent"
    """None was ever published."""
    REFUSED = "refused"
    """It is not in service; the one before it is, if there is one."""


@dataclass(frozen=True)
class Loaded(Generic[S]):
    """A model in service; whoever holds it answers with it, whatever is loaded meanwhile."""

    version: str
    manifest: Mapping[str, Any]
    scorer: S


@dataclass(frozen=True)
class Loaders:
    """How each family's scorer is made of its artifact.

    A loader raises one of `UNFIT` if the artifact does not fit the code.
    """

    recommend: Callable[[Artifact], Recommender]
    fraud: Callable[[Artifact], FraudScorer]
    demand: Callable[[Artifact], Forecaster]
    carbon: Callable[[Artifact], FootprintCalculator]


@dataclass(frozen=True)
class Status:
    """What is in service of a family.

    Parameters
    ----------
    version
        The version in service; empty if none.
    published
        The version that the pointer names; empty if none.
    reason
        Why the published version is not in service; empty if it is.
    """

    family: str
    state: State
    version: str
    published: str
    reason: str
    manifest: Mapping[str, Any] | None


class Slot(Generic[S]):
    """The place of one family's model."""

    def __init__(
        self,
        folder: Path,
        family: str,
        load: Callable[[Artifact], S],
        view: FeatureView | None = None,
    ) -> None:
        self.family = family
        self._folder = folder / family
        self._load = load
        self._view = view
        self._loaded: Loaded[S] | None = None
        self._published = ""
        self._reason = ""

    @property
    def loaded(self) -> Loaded[S] | None:
        """The model in service, if there is one."""
        return self._loaded

    def require(self) -> Loaded[S]:
        """Return the model in service.

        Raises
        ------
        ModelAwayError
            If there is none.
        """
        loaded = self._loaded
        if loaded is None:
            why = self._reason or "no artifact was published yet"
            raise ModelAwayError(f"family {self.family} has no model in service: {why}")
        return loaded

    @property
    def status(self) -> Status:
        """What is in service now."""
        loaded, published, reason = self._loaded, self._published, self._reason
        if reason:
            state = State.REFUSED
        elif loaded is None:
            state = State.ABSENT
        else:
            state = State.READY
        version = loaded.version if loaded else ""
        manifest = loaded.manifest if loaded else None
        return Status(self.family, state, version, published, reason, manifest)

    def refresh(self) -> None:
        """Look at the pointer, and put the artifact that it names into service if it fits."""
        published = pointed_at(self._folder)
        if not published or published == self._published:
            return
        try:
            artifact = read(self._folder, published)
            if self._view is not None:
                require_features(artifact, self._view)
            loaded = Loaded(published, artifact.manifest, self._load(artifact))
        except UNFIT as error:
            self._refuse(published, f"{type(error).__name__}: {error}")
            return
        before = self._loaded
        self._loaded, self._reason, self._published = loaded, "", published
        if before is not None:
            metrics.ARTIFACT.remove(self.family, before.version)
        metrics.ARTIFACT.labels(self.family, published).set(1)
        log.info("model in service", family=self.family, version=published)

    def _refuse(self, published: str, reason: str) -> None:
        self._reason, self._published = f"{published}: {reason}", published
        metrics.REFUSALS.labels(self.family).inc()
        log.error("artifact refused", family=self.family, version=published, reason=reason)


class Registry:
    """The four families' models, renewed by a thread of its own as pointers change."""

    def __init__(self, folder: Path, poll_s: float, loaders: Loaders) -> None:
        self.recommend = Slot(folder, "recommend", loaders.recommend)
        self.fraud = Slot(folder, "fraud", loaders.fraud, ORDER_FRAUD)
        self.demand = Slot(folder, "demand", loaders.demand)
        self.carbon = Slot(folder, "carbon", loaders.carbon)
        self._poll_s = poll_s
        self._stop = threading.Event()
        self._poller = threading.Thread(target=self._poll, name="artifacts", daemon=True)

    def start(self) -> None:
        """Load what is published and watch for what will be."""
        self._refresh()
        self._poller.start()

    def stop(self) -> None:
        """Stop watching."""
        self._stop.set()
        self._poller.join()

    def statuses(self) -> list[Status]:
        """Return what is in service of every family."""
        return [slot.status for slot in (self.recommend, self.fraud, self.demand, self.carbon)]

    def _poll(self) -> None:
        while not self._stop.wait(self._poll_s):
            self._refresh()

    def _refresh(self) -> None:
        self.recommend.refresh()
        self.fraud.refresh()
        self.demand.refresh()
        self.carbon.refresh()
