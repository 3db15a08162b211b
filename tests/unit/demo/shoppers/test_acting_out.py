"""The same seed and the same answers are the same traffic; a run that was killed goes on."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from math import log
from pathlib import Path
from typing import Any

import pytest

from deploy.demo.shoppers.acting import rfc3339
from deploy.demo.shoppers.journal import Journal, OtherRunError
from deploy.demo.shoppers.stub import Stub
from deploy.demo.shoppers.truth import TABLES, Truth, schema
from deploy.demo.shoppers.world import World
from storefront_api.events import Topic, schema_of
from tests.unit.demo.shoppers.acting_out import PARAMETERS, act_out, new_stub

SHOPPERS, DAYS = 110, 3


class KilledError(Exception):
    """The run ends here."""


def rows(folder: Path, table: str) -> list[dict[str, Any]]:
    """Return a table of the truth."""
    found: list[dict[str, Any]] = Truth(folder / "truth").read(table).to_pylist()
    return found


def traffic(folder: Path) -> dict[str, str]:
    """Return what each visit asked, as its digest."""
    return {row["session_id"]: row["traffic"] for row in rows(folder, "sessions")}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Stub, World]:
    """A run that nothing disturbed."""
    folder, stub = tmp_path_factory.mktemp("plain"), new_stub()
    return folder, stub, act_out(folder, stub, shoppers=SHOPPERS, days=DAYS)


def test_something_of_everything_happens(plain: tuple[Path, Stub, World]) -> None:
    _, stub, world = plain
    asked = Counter(path.split("?")[0].split("/")[1] for _, path, _ in stub.asked)
    wanted = {"sessions", "recommendations", "search", "products", "collect", "cart", "checkouts"}
    assert wanted <= asked.keys()
    assert world.counts["orders"] > 5
    assert {"visits looked", "visits abandoned", "visits ordered"} <= world.counts.keys()


@pytest.mark.parametrize("together", [1, 3, 64])
def test_the_traffic_does_not_depend_on_how_many_act_at_a_time_or_how_fast_is_answered(
    plain: tuple[Path, Stub, World], tmp_path: Path, together: int
) -> None:
    stub, slow = new_stub(), random.Random(together)
    stub.delay = lambda _: slow.random() * 0.002
    act_out(tmp_path, stub, shoppers=SHOPPERS, days=DAYS, together=together)
    assert traffic(tmp_path) == traffic(plain[0])


def test_another_seed_is_other_traffic(plain: tuple[Path, Stub, World], tmp_path: Path) -> None:
    act_out(tmp_path, new_stub(), seed=4, shoppers=SHOPPERS, days=DAYS)
    assert not set(traffic(tmp_path).values()) & set(traffic(plain[0]).values())


def test_other_answers_are_other_traffic(plain: tuple[Path, Stub, World], tmp_path: Path) -> None:
    stub = new_stub()
    stub.stock = {product["sku"]: 0 for product in stub.products}
    world = act_out(tmp_path, stub, shoppers=SHOPPERS, days=DAYS)
    assert world.counts["orders"] == 0
    assert traffic(tmp_path).keys() == traffic(plain[0]).keys()
    assert traffic(tmp_path) != traffic(plain[0])
    assert any(row["sold_out"] for row in rows(tmp_path, "views"))


def test_more_shoppers_do_not_change_what_the_first_do(
    plain: tuple[Path, Stub, World], tmp_path: Path
) -> None:
    act_out(tmp_path, new_stub(), shoppers=50, days=DAYS)
    few, many = traffic(tmp_path), traffic(plain[0])
    assert few
    assert few.items() <= many.items()


def test_other_parameters_of_one_thing_leave_the_rest_of_the_traffic_alone(
    plain: tuple[Path, Stub, World], tmp_path: Path
) -> None:
    fraud = PARAMETERS.fraud.model_copy(update={"refund_abuse_share": 0.1})
    changed = PARAMETERS.model_copy(update={"fraud": fraud})
    act_out(tmp_path, new_stub(), shoppers=SHOPPERS, days=DAYS, parameters=changed)
    assert traffic(tmp_path) == traffic(plain[0])


def test_the_truth_has_every_order_of_the_store_and_no_other(
    plain: tuple[Path, Stub, World],
) -> None:
    folder, stub, _ = plain
    found = {row["order_id"]: row["total_minor"] for row in rows(folder, "orders")}
    assert found == stub.orders


def test_every_table_is_there_in_its_shape(plain: tuple[Path, Stub, World]) -> None:
    truth = Truth(plain[0] / "truth")
    for table in TABLES:
        found = truth.read(table)
        assert found.schema.equals(schema(table)), table
        assert found.num_rows or table in ("refunds", "chargebacks"), table
    assert (plain[0] / "truth").stat().st_mode & 0o077 == 0


def test_who_does_not_consent_leaves_no_clicks_and_no_ids(
    plain: tuple[Path, Stub, World],
) -> None:
    folder, stub, _ = plain
    sessions = rows(folder, "sessions")
    clicked = {event["data"]["session_id"] for event in stub.clicks}
    silent = {row["session_id"] for row in sessions if not row["consent"]}
    assert silent
    assert clicked == {row["session_id"] for row in sessions if row["consent"]}
    ids = {row["anonymous_id"] for row in sessions if not row["consent"]}
    bodies = b"\n".join(body for _, path, body in stub.asked if path == "/checkouts").decode()
    assert bodies
    assert not [name for name in silent | ids if name in bodies]


def test_every_click_is_one_that_the_store_takes(plain: tuple[Path, Stub, World]) -> None:
    clicks = plain[1].clicks
    assert len({event["id"] for event in clicks}) == len(clicks)
    for event in clicks:
        envelope = {**event, "subject": "s", "received_at": event["occurred_at"]}
        schema_of(Topic.CLICKSTREAM, event["type"], event["version"]).model_validate(envelope)


def test_chances_with_and_without_treatment_differ_by_the_true_effect(
    plain: tuple[Path, Stub, World],
) -> None:
    wanted = sum(e.effect for e in PARAMETERS.experiments if e.acts_on == "checkout")
    asked = [r for r in rows(plain[0], "sessions") if r["checkout_probability"] is not None]
    assert asked
    for row in asked:
        control, treated = (row[f"checkout_probability_{arm}"] for arm in ("control", "treated"))
        odds = log(treated / (1 - treated)) - log(control / (1 - control))
        assert odds == pytest.approx(wanted)
        assert row["checkout_probability"] in (control, treated)


def killed(world_is: Callable[[World], bool]) -> Callable[[World], None]:
    """Return what ends a run once something is true of it."""

    def end(world: World) -> None:
        if world_is(world):
            raise KilledError

    return end


@pytest.mark.parametrize("visits", [1, 20])
def test_a_run_that_was_killed_goes_on_to_the_same_end(
    plain: tuple[Path, Stub, World], tmp_path: Path, visits: int
) -> None:
    stub = new_stub()
    end = killed(lambda world: world.counts["visits"] == visits)
    with pytest.raises(ExceptionGroup):
        act_out(tmp_path, stub, shoppers=SHOPPERS, days=DAYS, on_progress=end)
    assert not (tmp_path / "truth" / "orders.parquet").exists()
    act_out(tmp_path, stub, shoppers=SHOPPERS, days=DAYS)
    whole = plain[0]
    found = {row["order_id"]: row["total_minor"] for row in rows(tmp_path, "orders")}
    assert found == stub.orders
    assert len({event["id"] for event in stub.clicks}) == len(stub.clicks)
    for table, name in (("sessions", "session_id"), ("orders", "session_id")):
        assert Counter(r[name] for r in rows(tmp_path, table)) == Counter(
            r[name] for r in rows(whole, table)
        )
    for table in ("impressions", "views"):
        assert sorted(map(str, rows(tmp_path, table))) == sorted(map(str, rows(whole, table)))


def test_a_visit_that_was_cut_off_while_it_paid_pays_once(
    plain: tuple[Path, Stub, World], tmp_path: Path
) -> None:
    class Cutting(Stub):
        left = 5

        def answer(self, method: str, path: str, body: bytes, headers: Any) -> Any:
            answer = super().answer(method, path, body, headers)
            if path.endswith("/complete"):
                self.left -= 1
                if self.left == 0:
                    raise KilledError
            return answer

    stub = Cutting(new_stub().products)
    with pytest.raises(ExceptionGroup):
        act_out(tmp_path, stub, shoppers=SHOPPERS, days=DAYS)
    act_out(tmp_path, stub, shoppers=SHOPPERS, days=DAYS)
    found = {row["order_id"]: row["total_minor"] for row in rows(tmp_path, "orders")}
    assert found == stub.orders
    assert sorted(found.values()) == sorted(plain[1].orders.values())


def test_a_run_that_is_over_changes_nothing_when_it_is_run_again(tmp_path: Path) -> None:
    stub = new_stub()
    act_out(tmp_path, stub)
    orders, clicks = dict(stub.orders), len(stub.clicks)
    act_out(tmp_path, stub)
    assert (stub.orders, len(stub.clicks)) == (orders, clicks)


def test_goods_arrive_once_each_day(plain: tuple[Path, Stub, World]) -> None:
    arrived = [json.loads(b) for _, path, b in plain[1].asked if path == "/inventory/receipts"]
    assert [receipt["reference"] for receipt in arrived] == [
        f"simulation 3, day {day}" for day in range(DAYS)
    ]
    skus = [item["sku"] for receipt in arrived for item in receipt["items"]]
    assert len(set(skus)) == len(skus)


def test_what_follows_from_orders_happens_at_its_time_and_within_the_days(tmp_path: Path) -> None:
    returns = PARAMETERS.purchases.returns.model_copy(update={"share": 1.0})
    purchases = PARAMETERS.purchases.model_copy(update={"returns": returns})
    stub = new_stub()
    changed = PARAMETERS.model_copy(update={"purchases": purchases})
    world = act_out(tmp_path, stub, shoppers=100, days=8, parameters=changed)
    refunds = rows(tmp_path, "refunds")
    assert any(row["happened"] for row in refunds)
    for row in refunds:
        assert row["happened"] == (row["at"].timestamp() * 1000 < world.ends_ms)
    sent = [path for _, path, _ in stub.asked if path.endswith("/refunds")]
    assert len(sent) == sum(row["happened"] for row in refunds) == world.counts["refunds"]


def test_a_journal_is_one_runs(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite")
    assert not journal.claim(seed=1, days=7)
    assert journal.claim(seed=1, days=7)
    with pytest.raises(OtherRunError, match="days 7 and not 8"):
        journal.claim(seed=1, days=8)
    journal.close()


def test_instants_are_written_in_milliseconds() -> None:
    assert rfc3339(1_515_369_600_007) == "2018-01-08T00:00:00.007Z"
