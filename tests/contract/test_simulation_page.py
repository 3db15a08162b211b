"""docs/simulation.md describes the truth's tables as they are."""

from __future__ import annotations

from deploy.demo.shoppers.describe import PAGE, described
from deploy.demo.shoppers.parameters import load_parameters


def test_the_page_describes_every_column() -> None:
    page = PAGE.read_text("utf-8")
    assert page == described(page), "run python -m deploy.demo.shoppers.describe"


def test_the_page_states_the_parameters_numbers() -> None:
    page, parameters = PAGE.read_text("utf-8"), load_parameters()
    clicks, purchases = parameters.clicks, parameters.purchases

    def signed(number: float) -> str:
        return f"{number:g}".replace("-", "\N{MINUS SIGN}")

    assert f"η = {clicks.eta:g}" in page
    for model in (clicks.relevance, purchases.add):
        assert f"σ({signed(model.bias)} + {model.scale:g} u" in page
    checkout = purchases.checkout
    assert f"σ({signed(checkout.bias)} + {checkout.promotion:g}·promotion" in page
    assert f"{parameters.people.consent:.0%}".replace("%", " %") in page
    assert f"{parameters.catalogue.products} products" in page
    assert f"median {parameters.fraud.delay_days.median:g}" in page
