"""The sensor that tells of failed runs, steps and checks."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime

import dagster as dg

from pipelines.alerting import Trouble, news, post

_EVENTS = {
    dg.DagsterEventType.STEP_FAILURE,
    dg.DagsterEventType.STEP_SUCCESS,
    dg.DagsterEventType.ASSET_CHECK_EVALUATION,
    dg.DagsterEventType.RUN_FAILURE,
}
_OVER = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]


@dataclass
class _Seen:
    """What ended runs say: their troubles, and whose troubles are over."""

    troubles: dict[str, Trouble] = field(default_factory=dict)
    well: set[str] = field(default_factory=set)

    def add(self, place: str, trouble: Trouble) -> None:
        self.troubles[place] = trouble
        self.well.discard(place)

    def heal(self, place: str) -> None:
        self.troubles.pop(place, None)
        self.well.add(place)


def alerts(url: str, status: dg.DefaultSensorStatus) -> dg.SensorDefinition:
    """Return the sensor that posts what failed to a webhook, once a cause.

    A cause is a step and the class of its error, a check, or a run that died. It is told again only
    after it was over: the step succeeded, the check passed, or a run of the job ended well.

    Parameters
    ----------
    url
        Where messages go; empty for nowhere.
    status
        Whether it starts switched on.
    """

    @dg.sensor(
        name="alerts",
        minimum_interval_seconds=30,
        default_status=status,
        description="Posts failed runs, steps and checks to ALERT_WEBHOOK_URL, once a cause.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        if not url:
            return dg.SkipReason("ALERT_WEBHOOK_URL is empty")
        if not context.cursor:
            context.update_cursor(_cursor(datetime.now(UTC), {}))
            return dg.SkipReason("what ends from now on is told")
        state = json.loads(context.cursor)
        since, known = datetime.fromisoformat(state["since"]), dict(state["known"])
        filters = dg.RunsFilter(statuses=_OVER, updated_after=since)
        records = sorted(
            context.instance.get_run_records(filters), key=lambda each: each.update_timestamp
        )
        seen = _Seen()
        for record in records:
            _read(context.instance, record.dagster_run, seen)
            since = max(since, record.update_timestamp.astimezone(UTC))
        known = {place: cause for place, cause in known.items() if place not in seen.well}
        told = news(known.values(), list(seen.troubles.values()))
        if told:
            post(url, told)
        known |= {place: trouble.cause for place, trouble in seen.troubles.items()}
        context.update_cursor(_cursor(since, known))
        return dg.SkipReason(f"{len(told)} new troubles of {len(seen.troubles)}")

    return sensor


def _cursor(since: datetime, known: dict[str, str]) -> str:
    return json.dumps({"since": since.isoformat(), "known": known})


def _read(instance: dg.DagsterInstance, run: dg.DagsterRun, seen: _Seen) -> None:
    failed = False
    for entry in instance.all_logs(run.run_id, of_type=_EVENTS):
        event = entry.get_dagster_event()
        place = f"{run.job_name}: {event.step_key}"
        if event.is_step_failure:
            failed = True
            seen.add(place, _of_step(place, event, run))
        elif event.is_step_success:
            seen.heal(place)
        elif event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            _read_check(event.asset_check_evaluation_data, run, seen)
    whole = f"{run.job_name}: the run"
    if run.is_success:
        seen.heal(whole)
    elif not failed:
        seen.add(whole, Trouble(whole, f"{run.job_name} died", f"run {run.run_id}"))


def _of_step(place: str, event: dg.DagsterEvent, run: dg.DagsterRun) -> Trouble:
    error = event.step_failure_data.error
    while error is not None and error.cause is not None:
        error = error.cause
    kind = error.cls_name if error else "unknown"
    said = error.message.strip() if error else ""
    return Trouble(f"{place}: {kind}", f"{place} failed", f"{said[:1000]}\nrun {run.run_id}")


def _read_check(check: dg.AssetCheckEvaluation, run: dg.DagsterRun, seen: _Seen) -> None:
    place = f"{check.asset_key.to_user_string()}: {check.check_name}"
    if check.passed:
        seen.heal(place)
        return
    severity = check.severity.value.lower()
    said = (check.description or "")[:1000]
    seen.add(
        place, Trouble(f"{place}: {severity}", f"{place} ({severity})", f"{said}\n{run.run_id}")
    )
