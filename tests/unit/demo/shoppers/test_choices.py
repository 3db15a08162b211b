"""What shoppers choose: examination, relevance, arms, and what follows from orders."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.demo.shoppers.catalogue import Product, feel, make_products
from deploy.demo.shoppers.experiments import effect, full_effect, treated
from deploy.demo.shoppers.fraud import card_of, consequences, scenario_of
from deploy.demo.shoppers.parameters import Experiment, Logistic, load_parameters
from deploy.demo.shoppers.people import FRAUDSTER, HUMAN, make_people
from deploy.demo.shoppers.sessions import DAY_MS
from deploy.demo.shoppers.tastes import chance, clicks, examinations, sigmoid, utilities, weighted
from deploy.payments.cards import card_of as local_card

PARAMETERS = load_parameters()
PEOPLE = make_people(4, 20_000, PARAMETERS)


def product(sku: str, price_minor: int, **changed: str) -> Product:
    """Return a product."""
    facts = {"name": f"PLAIN {sku}", "department": "D", "category": "C", "unit": "each"}
    facts |= changed
    return Product(
        sku=sku,
        product_id=f"P-{sku}",
        currency="USD",
        price_minor=price_minor,
        mass_grams=100,
        **facts,
    )


def test_examination_falls_with_the_position_as_the_model_says() -> None:
    found = examinations(PARAMETERS.clicks, 10)
    assert found[0] == 1.0
    np.testing.assert_allclose(found, [k**-PARAMETERS.clicks.eta for k in range(1, 11)])


def test_clicks_are_examination_times_relevance() -> None:
    examination = examinations(PARAMETERS.clicks, 5)
    relevance = np.array([0.5, 0.4, 0.3, 0.6, 0.2])
    draws = np.random.default_rng(1)
    rounds = 20_000
    hits = sum(clicks(examination, relevance, draws.random((2, 5)), 5)[1] for _ in range(rounds))
    wanted = examination * relevance
    errors = np.sqrt(wanted * (1 - wanted) / rounds)
    assert (np.abs(hits / rounds - wanted) < 4 * errors).all()


@given(st.integers(1, 30), st.integers(0, 5), st.integers(0, 2**32))
def test_nothing_is_clicked_unseen_and_not_more_than_there_may_be(
    count: int, most: int, seed: int
) -> None:
    draws = np.random.default_rng(seed).random((2, count))
    examined, clicked = clicks(examinations(PARAMETERS.clicks, count), draws[0], draws, most)
    assert not (clicked & ~examined).any()
    assert clicked.sum() <= most


@given(st.floats(-20, 20), st.floats(-5, 5), st.floats(0, 3))
def test_chances_lie_between_nothing_and_all_and_agree(
    utility: float, bias: float, scale: float
) -> None:
    found = float(chance(Logistic(bias=bias, scale=scale), utility))
    assert 0.0 <= found <= 1.0
    assert found == pytest.approx(sigmoid(bias + scale * utility))


def test_people_prefer_what_is_cheaper_greener_and_to_their_taste() -> None:
    names = {"name": "ORGANIC B"}
    goods = [
        product("a", 1000),
        product("b", 1000, **names),
        product("c", 3000),
        product("d", 1000),
    ]
    catalogue = feel(1, goods, PARAMETERS)
    index = catalogue.by_sku
    every = np.arange(4)
    same = catalogue.vectors.copy()
    same[:] = same[0]
    flat = type(catalogue)(**{**catalogue.__dict__, "vectors": same})
    prices = np.array([float(g.price_minor) for g in flat.products])
    felt = utilities(PEOPLE, 0, flat, every, prices)
    assert felt[index["c"]] < felt[index["a"]] or flat.green[index["c"]] > flat.green[index["a"]]
    cheap, dear = (utilities(PEOPLE, 0, flat, every, prices * f) for f in (0.5, 2.0))
    np.testing.assert_allclose(cheap - dear, PEOPLE.price_sensitivity[0] * np.log(4))
    liked = type(catalogue)(**{**catalogue.__dict__, "vectors": same + PEOPLE.tastes[0]})
    assert (utilities(PEOPLE, 0, liked, every, prices) > felt).all()
    green = type(catalogue)(**{**flat.__dict__, "green": flat.green + 0.1})
    wanted = 2.0 * PEOPLE.green[0] * 0.1
    np.testing.assert_allclose(utilities(PEOPLE, 0, green, every, prices) - felt, wanted)


def test_a_products_attributes_do_not_depend_on_what_else_is_sold() -> None:
    goods = [product(sku, 1000) for sku in "abc"]
    few, many = (feel(1, goods[:n], PARAMETERS) for n in (1, 3))
    np.testing.assert_array_equal(few.vectors[0], many.vectors[0])
    assert few.green[0] == many.green[0]


def test_a_store_without_pieces_is_refused() -> None:
    with pytest.raises(ValueError, match="sells nothing by the piece"):
        feel(1, [product("a", 100, unit="milli")], PARAMETERS)


def test_the_made_catalogue_is_the_same_again_and_each_sku_is_there_once() -> None:
    made = make_products(1, PARAMETERS)
    assert made == make_products(1, PARAMETERS)
    assert len({p["sku"] for p in made}) == PARAMETERS.catalogue.products
    assert made != make_products(2, PARAMETERS)


@given(st.floats(0, 0.999), st.lists(st.floats(0.01, 5), min_size=1, max_size=6))
def test_a_draw_chooses_by_weight(draw: float, weights: list[float]) -> None:
    index = weighted(draw, weights)
    before = sum(weights[:index]) / sum(weights)
    after = sum(weights[: index + 1]) / sum(weights)
    assert before - 1e-9 <= draw <= after + 1e-9


TEST = Experiment(name="t", salt="s", treated=0.3, acts_on="add", effect=0.4)


def test_arms_are_a_hash_that_anybody_can_compute() -> None:
    ids = [f"anon-{n}" for n in range(20_000)]
    found = [treated(TEST, i) for i in ids]
    assert abs(np.mean(found) - 0.3) < 4 * np.sqrt(0.3 * 0.7 / len(ids))
    digest = hashlib.sha256(b"s:anon-0").hexdigest()
    assert found[0] == (int(digest[:16], 16) / 2**64 < 0.3)


def test_two_experiments_divide_cookies_independently() -> None:
    other = TEST.model_copy(update={"salt": "another"})
    ids = [f"anon-{n}" for n in range(10_000)]
    both = np.mean([treated(TEST, i) and treated(other, i) for i in ids])
    assert abs(both - 0.09) < 4 * np.sqrt(0.09 * 0.91 / len(ids))


def test_effects_add_up_and_act_on_what_they_act_on() -> None:
    tests = [TEST, TEST.model_copy(update={"effect": 0.1}), TEST.model_copy(update={"salt": "x"})]
    assert full_effect(tests, "add") == pytest.approx(0.9)
    assert full_effect(tests, "checkout") == 0
    arms = {round(effect(tests[:2], "add", f"anon-{n}"), 6) for n in range(100)}
    assert arms == {0, 0.5}


def honest() -> int:
    """Return a person who is."""
    return int(np.flatnonzero(PEOPLE.kind == HUMAN)[0])


def cheats(name: str) -> int:
    """Return a fraudster of a scenario."""
    index = list(PARAMETERS.fraud.scenarios).index(name)
    return int(np.flatnonzero(PEOPLE.scenario == index)[0])


def test_the_honest_return_a_share_and_are_never_charged_back() -> None:
    found = [consequences(PEOPLE, honest(), f"o{n}", PARAMETERS) for n in range(5_000)]
    several = [c for some in found for c in some]
    share = PARAMETERS.purchases.returns.share
    assert {(c.kind, c.genuine) for c in several} == {("refund", True)}
    assert abs(len(several) / 5_000 - share) < 4 * np.sqrt(share / 5_000)


@pytest.mark.parametrize("name", ["card_testing", "stolen_card", "friendly_fraud"])
def test_chargebacks_come_days_later_and_say_what_they_say(name: str) -> None:
    model, scenario = PARAMETERS.fraud, PARAMETERS.fraud.scenarios[name]
    found = [consequences(PEOPLE, cheats(name), f"o{n}", PARAMETERS) for n in range(2_000)]
    several = [c for some in found for c in some]
    share = scenario.disputed
    assert abs(len(several) / 2_000 - share) < 4 * np.sqrt(share * (1 - share) / 2_000)
    days = np.array([c.after_ms / DAY_MS for c in several])
    assert np.median(days) == pytest.approx(model.delay_days.median, rel=0.08)
    assert days.max() <= model.most_days
    friendly = name == "friendly_fraud"
    reasons = {("product_not_received", False)} if friendly else {("fraudulent", True)}
    assert {(c.reason, c.genuine) for c in several} == reasons


def test_refund_abusers_claim_what_is_not_true() -> None:
    found = [consequences(PEOPLE, cheats("refund_abuse"), f"o{n}", PARAMETERS) for n in range(500)]
    several = [c for some in found for c in some]
    assert {(c.kind, c.reason, c.genuine) for c in several} == {("refund", "not_received", False)}
    assert 0.7 < len(several) / 500 < 0.9


def test_the_provider_knows_every_card() -> None:
    people = [honest(), cheats("stolen_card")]
    methods = {
        card_of(PEOPLE, person, number, outcome)
        for person in people
        for number in ("own", "x/0/1")
        for outcome in ("approved", "declined", "authenticates")
    }
    cards = [local_card(method) for method in methods]
    assert all(card is not None for card in cards)
    assert len(methods) == 12


def test_only_fraudsters_have_scenarios() -> None:
    assert scenario_of(PEOPLE, honest(), PARAMETERS) == ""
    thief = int(np.flatnonzero(PEOPLE.kind == FRAUDSTER)[0])
    assert scenario_of(PEOPLE, thief, PARAMETERS) in PARAMETERS.fraud.scenarios
