"""A vendor sees what is expected to be bought of a variant, and its stock without the model too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx

from serving.settings import Settings
from tests.integration.serving.conftest import running
from tests.integration.serving.scorers import publish_all
from tests.integration.storefront.accounts import People
from tests.integration.storefront.conftest import Database, Worker
from tests.integration.storefront.goods import product
from tests.integration.storefront.vending import goods_of, new_vendor

KNOWN = "CJ1"
"""The one variant that serving's model of the tests knows."""


def test_the_forecast_is_shown_beside_the_stock_and_stock_alone_without_it(
    start_store: Callable[..., tuple[str, Worker]],
    environment: dict[str, str],
    database: Database,
    partner: httpx.Client,
    tmp_path: Path,
) -> None:
    vendor_id = new_vendor()
    goods = product(KNOWN, vendor_id=vendor_id, opening_stock=40)
    assert partner.post("/catalog/imports", json={"products": [goods]}).status_code == 200
    unsold = goods_of(partner, vendor_id, 100, opening_stock=9)
    path = f"/vendor/stock-forecasts/{KNOWN}"
    publish_all(tmp_path)
    settings = Settings(
        valkey_url=environment["VALKEY_URL"],
        kafka_bootstrap_servers=environment["KAFKA_BOOTSTRAP_SERVERS"],
        artifacts_dir=tmp_path,
    )
    with running(settings) as serving:
        url = str(serving.base_url)
        store, _ = start_store(SERVING_URL=url, SERVING_TIMEOUT_MS="10000")
        people = People(store, database)
        vendor = people.vendor(vendor_id)
        vendor.put(f"/vendor/stock-thresholds/{KNOWN}", json={"threshold": 3})
        shown = vendor.get(path, params={"days": 14}).json()
        asked = serving.get(f"/v1/forecasts/{KNOWN}", params={"horizon": 14}).json()
        nothing = vendor.get(f"/vendor/stock-forecasts/{unsold}").json()
    away = vendor.get(path)
    people.close()
    stock = {"sku": KNOWN, "on_hand": 40, "available": 40, "threshold": 3}
    told = {name: asked[name] for name in ("as_of", "unit", "quantiles", "model_version")}
    assert shown == stock | {"forecast": told, "reason": ""}
    assert len(shown["forecast"]["quantiles"]) == 14
    assert (nothing["forecast"], nothing["reason"]) == (None, "too_few_sales")
    assert (nothing["on_hand"], nothing["threshold"]) == (9, None)
    assert away.status_code == 200
    assert away.json() == stock | {"forecast": None, "reason": "model_away"}


def test_a_forecast_is_of_own_variants_and_no_further_than_the_model_sees(
    people: People, partner: httpx.Client
) -> None:
    vendor_id = new_vendor()
    sku = goods_of(partner, vendor_id, 100)
    path = f"/vendor/stock-forecasts/{sku}"
    assert people.vendor(new_vendor()).get(path).status_code == 404
    too_far = people.vendor(vendor_id).get(path, params={"days": 15})
    assert (too_far.status_code, too_far.json()["field"]) == (422, "query.days")
