"""Work of many parts, of which one that fails keeps none of the others from being done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from storefront_api.platform import metrics
from storefront_api.platform.carrier import CarrierAwayError
from storefront_api.platform.errors import DATABASE_AWAY
from storefront_api.platform.payment_provider import ProviderAwayError

log = structlog.get_logger()

AWAY = (CarrierAwayError, ProviderAwayError, *DATABASE_AWAY)
"""Somebody does not answer: whoever asks next will not be answered either, and later all will."""


@contextmanager
def apart(step: str, **about: str) -> Iterator[None]:
    """Pass over what goes wrong in one part of a step: it is logged and counted by its class.

    It is tried anew with the next sweep, as long as it is there to be done.

    Parameters
    ----------
    about
        Ids of what the part is about, for the log.

    Raises
    ------
    CarrierAwayError, ProviderAwayError, or one of `DATABASE_AWAY`
        The parts that follow would fail as well.
    """
    try:
        yield
    except AWAY:
        raise
    except Exception as error:  # noqa: BLE001  # told, and tried anew with the next sweep
        passed_over(step, error, **about)


def passed_over(step: str, error: Exception, **about: str) -> None:
    """Log and count a failure that is passed over."""
    kind = type(error).__name__
    metrics.FAILED.labels(step, kind).inc()
    if isinstance(error, AWAY):
        log.warning("nobody answers", step=step, error_class=kind, error=str(error), **about)
    else:
        log.error("a step failed", step=step, error_class=kind, exc_info=error, **about)
