"""The world keeps the data's figures, and is the same on every run."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from uuid import UUID

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.demo.baskets import ABROAD, NEW_CARD, NEW_DEVICE
from deploy.demo.history import click_messages, order_message, rfc3339
from deploy.demo.identity import event_id, pseudonym
from deploy.demo.products import catalogue, mass_grams
from deploy.demo.source import LIVE_FROM, load
from deploy.demo.world import World, build
from storefront_api.events import Topic, parse
from tests.unit.demo.conftest import SAMPLE

LAST_MS = 253_402_300_799_999
"""The last millisecond of the year 9999, as far as dates are written with four digits."""


def test_the_whole_data_has_the_published_totals() -> None:
    totals = load().totals
    assert (totals.baskets, totals.households, totals.stores) == (155_848, 2_469, 457)
    assert (totals.products, totals.sales_minor) == (68_509, 459_603_958)


@pytest.mark.parametrize("share", [0.0, -0.1, 1.5])
def test_a_share_of_households_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="sample"):
        load(share)


def test_history_and_live_days_hold_every_basket_once_and_all_the_money(world: World) -> None:
    baskets = [*world.history(), *world.live()]
    refs = [basket.source_ref for basket in baskets]
    money = sum(line.total_minor for basket in baskets for line in basket.lines)
    assert len(set(refs)) == len(refs) == world.source.totals.baskets
    assert money == world.source.totals.sales_minor
    assert world.history_count == sum(1 for _ in world.history())


def test_baskets_come_in_order_of_time_and_the_live_days_begin_where_history_ends(
    world: World,
) -> None:
    history = [basket.at_ms for basket in world.history()]
    live = [basket.at_ms for basket in world.live()]
    border = int(LIVE_FROM.value // 1_000_000)
    assert history == sorted(history)
    assert live == sorted(live)
    assert history[-1] < border <= live[0]


def test_a_second_build_gives_the_same_world(world: World) -> None:
    again = build(SAMPLE)
    pd.testing.assert_frame_equal(again.catalogue, world.catalogue)
    assert list(again.live()) == list(world.live())
    first, second = next(world.history()), next(again.history())
    assert order_message(first) == order_message(second)
    assert list(click_messages(first)) == list(click_messages(second))


def test_a_basket_is_the_same_in_a_larger_world(world: World) -> None:
    larger = {basket.source_ref: basket for basket in build(2 * SAMPLE).live()}
    for basket in world.live():
        same = larger[basket.source_ref]
        assert (same.subject, same.device_id, same.card) == (
            basket.subject,
            basket.device_id,
            basket.card,
        )
        assert same.lines == basket.lines


def test_every_kind_of_message_keeps_the_event_contract(world: World) -> None:
    for basket in islice(world.history(), 0, None, 10):
        parse(Topic.ORDERS, order_message(basket))
        for message in islice(click_messages(basket), 4):
            parse(Topic.CLICKSTREAM, message)


def test_clicks_lead_to_their_order_and_are_marked_as_derived(world: World) -> None:
    basket = next(basket for basket in world.history() if len(basket.lines) > 3)
    clicks = [parse(Topic.CLICKSTREAM, message) for message in click_messages(basket)]
    assert len(clicks) == 2 * len(basket.lines)
    assert {click.subject for click in clicks} == {basket.subject}
    assert all(click.occurred_at.timestamp() * 1000 < basket.at_ms for click in clicks)
    assert all(click.model_dump()["data"]["derived"] for click in clicks)


def test_no_two_events_of_the_world_share_an_id(world: World) -> None:
    ids = [
        str(parse(Topic.CLICKSTREAM, message).id)
        for basket in islice(world.history(), 200)
        for message in click_messages(basket)
    ]
    assert len(set(ids)) == len(ids)


def test_honest_shoppers_are_now_and_then_new_or_abroad(world: World) -> None:
    baskets = list(world.history())
    homes = {basket.subject: basket.device_id for basket in baskets}
    usual = pd.Series([basket.device_id for basket in baskets]).value_counts()
    new_device = sum(usual[basket.device_id] == 1 for basket in baskets) / len(baskets)
    abroad = sum(basket.ip_country != "US" for basket in baskets) / len(baskets)
    assert len(homes) > 1
    assert NEW_DEVICE / 2 < new_device < 2 * NEW_DEVICE
    assert 0 < abroad < 4 * ABROAD
    assert 0 < NEW_CARD < 0.1


@given(at_ms=st.integers(0, LAST_MS), value=st.text(max_size=20))
def test_an_event_id_is_a_uuid_of_version_7_that_carries_its_time(at_ms: int, value: str) -> None:
    identity = UUID(event_id(at_ms, value))
    assert (identity.version, identity.variant) == (7, "specified in RFC 4122")
    assert identity.int >> 80 == at_ms


@given(at_ms=st.integers(0, LAST_MS))
def test_an_instant_is_written_so_that_it_reads_back(at_ms: int) -> None:
    assert pd.Timestamp(rfc3339(at_ms)) == pd.Timestamp(at_ms, unit="ms", tz="UTC")


def test_pseudonyms_of_different_kinds_never_meet() -> None:
    assert pseudonym("shopper", 1) != pseudonym("store", 1)
    assert pseudonym("shopper", 1) == pseudonym("shopper", 1)


@pytest.mark.parametrize(
    ("printed", "grams"),
    [
        ("22 LB", 9_979),
        ("16 OZ", 454),
        ("1 GA", 3_785),
        ("2 LTR", 2_000),
        ("500 ML", 500),
        ("1/2 GAL", 1_893),
        (".5 OZ", 14),
        ("12 CT", None),
        ("1/0 OZ", None),
        ("0 OZ", None),
        ("ASST", None),
        ("", None),
    ],
)
def test_a_mass_is_read_off_a_package_only_if_it_states_one(
    printed: str, grams: int | None
) -> None:
    assert mass_grams(printed) == grams


def test_the_catalogue_knows_every_product_that_was_bought(world: World) -> None:
    bought = {f"CJ{product}" for product in world.source.lines["product_id"].unique()}
    listed = world.catalogue.set_index("sku")
    assert bought <= set(listed.index)
    assert listed.index.is_unique
    assert (listed["list_price_minor"] >= 0).all()
    assert (listed["opening_stock"] > 0).all()
    assert (listed["name"].str.len() > 0).all()


def test_opening_stock_and_prices_do_not_know_the_live_days(world: World) -> None:
    lines = world.source.lines
    past = replace(world.source, lines=lines[lines["sold_at"] < LIVE_FROM])
    columns = ["sku", "list_price_minor", "opening_stock"]
    pd.testing.assert_frame_equal(catalogue(past)[columns], world.catalogue[columns])
