"""A request's body taken apart: what is said of the whole batch, and each event's bytes."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec

from storefront_api.collect.schemas import EARLIEST, LATEST, MAX_EVENTS, Consent
from storefront_api.platform.errors import InvalidError


class Batch(msgspec.Struct, forbid_unknown_fields=True):
    """A batch, with its events as they were written."""

    events: Annotated[list[msgspec.Raw], msgspec.Meta(min_length=1, max_length=MAX_EVENTS)]
    sent_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    consent: Consent = "granted"


class BeaconBatch(Batch, forbid_unknown_fields=True):
    """A batch from a page, which has to say that there is consent."""

    consent: Consent = "denied"
    token: Annotated[str, msgspec.Meta(max_length=2000)] = ""


B = TypeVar("B", bound=Batch)

_PLACE = re.compile(r"^(?P<message>.*?)(?: - at `\$\.?(?P<field>[a-z_.]*).*`)?$", re.DOTALL)


def taken_apart(body: bytes, kind: type[B]) -> B:
    """Return the batch that a body holds.

    Raises
    ------
    InvalidError
        If it is none: no JSON, nested too deeply, or a field of the batch itself breaks a rule.
    """
    try:
        return _within(_decoded(body, kind))
    except msgspec.ValidationError as error:
        found = _PLACE.fullmatch(str(error))
        assert found is not None
        field = ".".join(filter(None, ("body", found["field"])))
        raise InvalidError(found["message"], field=field) from None
    except RecursionError:
        raise InvalidError("nested too deeply", field="body") from None
    except ValueError:
        raise InvalidError("the body is not JSON in UTF-8", field="body") from None


def _decoded(body: bytes, kind: type[B]) -> B:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        # One half of a surrogate pair makes no text, and pages do send such: whose event it is
        # in is for the check of each event to say.
        stated: Any = json.loads(body)
        if isinstance(stated, dict) and isinstance(stated.get("events"), list):
            written = [msgspec.Raw(json.dumps(event).encode()) for event in stated["events"]]
            stated["events"] = written
        return msgspec.convert(stated, kind)


def _within(batch: B) -> B:
    if batch.sent_at is not None and not EARLIEST <= batch.sent_at < LATEST:
        rule = f"must be from {EARLIEST.year} to {LATEST.year - 1}"
        raise InvalidError(rule, field="body.sent_at")
    return batch
