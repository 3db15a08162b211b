"""Injected fraud: what it looks like, and that its truth stays out of what is sent."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

import pytest

from deploy.demo.client import click_bodies, order_body
from deploy.demo.fraud import DAY_MS, LIVE_DAYS, Fraud, Scenario, frauds, truth
from deploy.demo.source import LIVE_FROM
from deploy.demo.timeline import BEFORE_MODELS, WITH_MODELS, Disputed, Placed, Refunded, happenings
from deploy.demo.world import World

HOUR_MS = 3_600_000
BORDER_MS = int(LIVE_FROM.value // 1_000_000)


@pytest.fixture(scope="module")
def found(world: World) -> list[Fraud]:
    return frauds(world)


def by_card(found: list[Fraud]) -> Iterator[list[Fraud]]:
    groups = defaultdict(list)
    for fraud in found:
        if fraud.scenario is Scenario.CARD_BURST:
            groups[fraud.basket.card].append(fraud)
    yield from groups.values()


def test_there_are_some_two_hundred_frauds_of_every_scenario(found: list[Fraud]) -> None:
    scenarios = Counter(fraud.scenario for fraud in found)
    assert 120 <= len(found) <= 300
    assert set(scenarios) == set(Scenario)
    assert min(scenarios.values()) >= 20


def test_they_are_the_same_on_every_run(world: World, found: list[Fraud]) -> None:
    assert frauds(world) == found


def test_they_lie_in_the_live_days_and_are_known_late(found: list[Fraud]) -> None:
    until = BORDER_MS + LIVE_DAYS * DAY_MS
    assert all(BORDER_MS <= fraud.basket.at_ms < until for fraud in found)
    assert all(DAY_MS <= fraud.dispute_after_ms <= 5 * DAY_MS for fraud in found)


def test_a_burst_spends_one_card_over_several_names_and_devices(found: list[Fraud]) -> None:
    for burst in by_card(found):
        times = [fraud.basket.at_ms for fraud in burst]
        assert len({fraud.basket.device_id for fraud in burst}) == 2
        assert len({fraud.basket.subject for fraud in burst}) > 1
        assert max(times) - min(times) <= 1.5 * HOUR_MS


def test_a_takeover_uses_a_shoppers_name_from_a_device_that_is_nobodys(
    world: World, found: list[Fraud]
) -> None:
    live = list(world.live())
    devices = {basket.device_id for basket in [*world.history(), *live]}
    subjects = {basket.subject for basket in live}
    taken = [fraud.basket for fraud in found if fraud.scenario is Scenario.TAKEOVER]
    assert {basket.subject for basket in taken} <= subjects
    assert not {basket.device_id for basket in taken} & devices


def test_an_abuser_stays_on_the_own_device_and_says_that_nothing_came(found: list[Fraud]) -> None:
    abuses = [fraud for fraud in found if fraud.scenario is Scenario.REFUND_ABUSE]
    assert {fraud.reason for fraud in abuses} == {"product_not_received"}
    assert any(fraud.refund_after_ms is not None for fraud in abuses)
    for fraud in abuses:
        assert fraud.refund_after_ms is None or fraud.refund_after_ms < fraud.dispute_after_ms


def test_stolen_goods_are_real_products_at_the_catalogues_price(
    world: World, found: list[Fraud]
) -> None:
    prices = world.catalogue.set_index("sku")["list_price_minor"]
    skus = {line.sku for fraud in found for line in fraud.basket.lines}
    assert (prices[sorted(skus)] > 0).all()
    for fraud in found:
        assert not any("list_minor" in line for line in order_body(fraud.basket)["lines"])


def test_nothing_that_is_sent_says_what_is_fraud(found: list[Fraud]) -> None:
    names = {scenario.value for scenario in Scenario}
    for fraud in found:
        sent = str([order_body(fraud.basket), *click_bodies(fraud.basket)])
        assert not any(name in sent for name in names)
        assert fraud.basket.source_ref.startswith("SIM")


def test_truth_names_every_fraud_once(found: list[Fraud]) -> None:
    table = truth(found)
    assert table["source_ref"].is_unique
    assert len(table) == len(found)


def test_the_two_phases_hold_every_happening_once_in_order_of_time(
    world: World, found: list[Fraud]
) -> None:
    first, second = (list(happenings(world, phase)) for phase in (BEFORE_MODELS, WITH_MODELS))
    everything = [*first, *second]
    times = [event.at_ms for event in everything]
    kinds = Counter(type(event) for event in everything)
    assert times == sorted(times)
    assert len({event.key for event in everything}) == len(everything)
    assert kinds[Placed] == len(found) + sum(1 for _ in world.live())
    assert kinds[Disputed] == len(found)
    assert kinds[Refunded] == sum(fraud.refund_after_ms is not None for fraud in found)
