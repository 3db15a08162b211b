"""Failures are posted once a cause, to a real server that speaks HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg
import pytest

from pipelines.alerting import AlertError
from pipelines.defs.alerts import alerts
from tests.integration.webhook import Webhook


class Slack(Webhook):
    """A webhook, and the runs whose failures are told to it."""

    def __init__(self) -> None:
        super().__init__()
        self.broken = ""
        self.checked: tuple[bool, dg.AssetCheckSeverity] = (True, dg.AssetCheckSeverity.WARN)

        @dg.asset
        def mart() -> None:
            if self.broken:
                raise {"value": ValueError, "key": KeyError}[self.broken](self.broken)

        @dg.asset_check(asset=mart)
        def usual() -> dg.AssetCheckResult:
            passed, severity = self.checked
            return dg.AssetCheckResult(passed=passed, severity=severity, description="<half>")

        self._sensor = alerts(self.url, dg.DefaultSensorStatus.RUNNING)
        job = dg.define_asset_job("daily")
        self.definitions = dg.Definitions([mart], asset_checks=[usual], jobs=[job])
        self._job = self.definitions.resolve_job_def("daily")
        self.instance = dg.DagsterInstance.ephemeral()
        self._cursor: str | None = None
        self.look()

    def run(self) -> None:
        """Run the job once."""
        self._job.execute_in_process(instance=self.instance, raise_on_error=False)

    def look(self) -> list[str]:
        """Let the sensor look, and return what it sent: the titles of its sections."""
        self.bodies.clear()
        context = dg.build_sensor_context(instance=self.instance, cursor=self._cursor)
        outcome = self._sensor.evaluate_tick(context)
        self._cursor = outcome.cursor
        return self.titles()


@pytest.fixture
def slack() -> Iterator[Slack]:
    with Slack() as made:
        yield made
        made.instance.dispose()


def test_a_cause_is_told_once_and_again_after_it_was_over(slack: Slack) -> None:
    slack.broken = "value"
    slack.run()
    assert slack.look() == ["daily: mart failed"]
    (body,) = slack.bodies
    assert body["text"] == "daily: mart failed"
    assert body["blocks"][0]["type"] == "header"
    assert "value" in body["blocks"][1]["text"]["text"]
    slack.run()
    assert slack.look() == []
    slack.broken = "key"
    slack.run()
    assert slack.look() == ["daily: mart failed"]
    slack.broken = ""
    slack.run()
    assert slack.look() == []
    slack.broken = "key"
    slack.run()
    assert slack.look() == ["daily: mart failed"]


def test_a_check_that_warns_is_told_and_told_again_when_it_becomes_an_error(slack: Slack) -> None:
    slack.checked = (False, dg.AssetCheckSeverity.WARN)
    slack.run()
    assert slack.look() == ["mart: usual (warn)"]
    assert "&lt;half&gt;" in slack.bodies[0]["blocks"][1]["text"]["text"]
    slack.run()
    slack.run()
    assert slack.look() == []
    slack.checked = (False, dg.AssetCheckSeverity.ERROR)
    slack.run()
    assert slack.look() == ["mart: usual (error)"]


def test_what_the_webhook_did_not_take_is_sent_by_the_next_look(slack: Slack) -> None:
    slack.broken = "value"
    slack.run()
    slack.status = 500
    with pytest.raises(AlertError, match="answers 500"):
        slack.look()
    slack.status = 200
    assert slack.look() == ["daily: mart failed"]
    assert slack.look() == []


def test_without_an_address_nothing_is_sent(slack: Slack) -> None:
    quiet = alerts("", dg.DefaultSensorStatus.RUNNING)
    slack.broken = "value"
    slack.run()
    tick = quiet.evaluate_tick(dg.build_sensor_context(instance=slack.instance, cursor="x"))
    assert tick.skip_message == "ALERT_WEBHOOK_URL is empty"
    assert slack.bodies == []
