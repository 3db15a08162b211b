"""Somebody is erased: no word of theirs is left in the database, and the books stay."""

from __future__ import annotations

import io
import json
import re
import uuid
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.stack import Stack
from storefront_api.events import Event, Topic
from storefront_api.events.privacy import SubjectErasedV1
from storefront_api.platform.policy import Role
from storefront_api.privacy.holdings import HOLDINGS, IMPERSONAL, KEPT
from tests.integration.storefront.accounts import People, Person, code
from tests.integration.storefront.conftest import Database
from tests.integration.storefront.goods import line, new_sku, order
from tests.integration.storefront.paying import covered, opened
from tests.integration.storefront.reviewing import Goods, post
from tests.integration.storefront.tills import stated, subject_of

TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"


def unusual(prefix: str) -> str:
    """Return a word that occurs nowhere else."""
    return f"{prefix}{uuid.uuid4().hex[:12]}"


class Life:
    """All that somebody leaves behind in the store, in words that occur nowhere else."""

    def __init__(self, person: Person, partner: httpx.Client) -> None:
        self.person = person
        self.card = unusual("card")
        self.title, self.body = unusual("title"), unusual("words")
        self.agent, self.elsewhere = unusual("agent"), f"{unusual('post')}@home.example"
        client, goods = person.client, Goods(partner)
        client.post(
            "/login",
            json={"email": person.email, "password": person.password},
            headers={"User-Agent": self.agent},
        )
        client.put("/profile/preferences", json={"vegan": True})
        payment = {"method": "card", "fingerprint": self.card, "country": "US"}
        bought = order(line(goods.sku), payment=payment)
        self.order_id = stated(client, bought | {"subject": person.subject}).json()["order_id"]
        what = {"product_id": goods.product_id, "order_id": self.order_id, "line_number": 1}
        answer = post(client, what, title=self.title, body=self.body)
        assert answer.status_code == 201, answer.text
        self.checkout_order = covered(partner, client, new_sku(partner))["order_id"]
        other = new_sku(partner)
        wish = {"currency": "USD", "target_minor": 1, "recipient": self.elsewhere}
        assert client.put(f"/alerts/{other}", json=wish).is_success
        assert client.put(f"/vendors/{goods.vendor_id}/follow").is_success
        assert client.put(f"/cart/lines/{other}", json={"quantity": 1, "saved": False}).is_success
        self.goods = goods

    @property
    def words(self) -> list[str]:
        """What must be nowhere afterwards; the pseudonym may be, and leads to nobody."""
        mine = [self.card, self.title, self.body, self.agent, self.elsewhere]
        return [*mine, self.person.email, str(self.person.account_id)]

    @property
    def written(self) -> set[bytes]:
        """The words as they stand in files of tables: an id is sixteen bytes there."""
        account_id = self.person.account_id
        words = {word.encode() for word in self.words if word != str(account_id)}
        return words | {account_id.bytes}


@pytest.fixture(scope="module")
def erasing(store_url: str, database: Database) -> Iterator[People]:
    people = People(store_url, database)
    yield people
    people.close()


def erased(client: httpx.Client, subject: str) -> dict[str, Any]:
    """Erase somebody and return the receipt."""
    answer = client.delete(f"/privacy/subjects/{subject}")
    assert answer.status_code == 202, answer.text
    receipt: dict[str, Any] = answer.json()
    return receipt


def found(database: Database, word: str) -> list[str]:
    """Return the tables in whose rows a word stands, but for events that wait to be published."""
    tables = {row["tablename"] for row in database.rows(TABLES)} - {"outbox"}
    query = "SELECT count(*) FROM {} t WHERE to_jsonb(t)::text LIKE '%' || $1 || '%'"
    return sorted(table for table in tables if database.value(query.format(table), word))


def files_with(folder: Path, words: set[bytes]) -> set[bytes]:
    """Return which words stand in the bytes of the files of a folder."""
    pattern = re.compile(b"|".join(map(re.escape, words)), re.DOTALL)
    there: set[bytes] = set()
    for path in folder.rglob("*"):
        if path.is_file():
            there.update(pattern.findall(path.read_bytes()))
    return there


def test_nothing_of_somebody_is_left_in_a_row_nor_in_the_bytes_of_the_tables(
    erasing: People, partner: httpx.Client, database: Database, own_stack: Stack
) -> None:
    life = Life(erasing.new(), partner)
    assert all(found(database, word) for word in life.words)
    database.rows("CHECKPOINT")
    bases = [path for path in own_stack.settings.data_dir.rglob("base") if path.is_dir()]
    assert len(bases) == 1
    assert files_with(bases[0], life.written) == life.written
    receipt = erased(life.person.client, life.person.subject)
    assert {"accounts", "orders", "reviews", "carts", "price_alerts"} <= receipt["rows"].keys()
    assert {word: found(database, word) for word in life.words} == {w: [] for w in life.words}
    # Events wait in the outbox until they are published; here nobody does.
    database.rows("DELETE FROM outbox WHERE payload LIKE '%' || $1 || '%'", life.card)
    # What a row was is in its page until it is vacuumed: here that is done at once.
    database.rows("VACUUM FULL")
    database.rows("CHECKPOINT")
    assert files_with(bases[0], life.written) == set()


def test_the_books_stay_and_the_account_is_gone(
    erasing: People,
    partner: httpx.Client,
    database: Database,
    outbox: Callable[[Topic, str], list[Event]],
) -> None:
    life = Life(erasing.new(), partner)
    before = database.rows("SELECT * FROM ledger_entries ORDER BY transfer_id, account_id")
    rating = life.goods.rating(partner)
    receipt = erased(life.person.client, life.person.subject)
    assert life.person.client.get("/account").status_code == 401
    assert erasing.try_to_log_in(life.person.email).status_code == 401
    entries = "SELECT * FROM ledger_entries ORDER BY transfer_id, account_id"
    assert database.rows(entries) == before
    kept = "SELECT subject, total_minor > 0 AS paid FROM orders WHERE order_id = ANY ($1)"
    ids = [uuid.UUID(life.order_id), uuid.UUID(life.checkout_order)]
    assert [tuple(row) for row in database.rows(kept, ids)] == [("erased", True)] * 2
    assert life.goods.rating(partner) == rating
    events = outbox(Topic.IDENTITY, life.person.subject)
    told = [event for event in events if isinstance(event, SubjectErasedV1)]
    assert [str(event.data.erasure_id) for event in told] == [receipt["erasure_id"]]


def test_again_it_answers_the_same_and_another_time_takes_what_came_since(
    erasing: People, partner: httpx.Client, new_shopper: Callable[[], httpx.Client]
) -> None:
    guest, sku = new_shopper(), new_sku(partner)
    lines = f"/cart/lines/{sku}"
    assert guest.put(lines, json={"quantity": 1, "saved": False}).is_success
    order_id = covered(partner, guest, new_sku(partner))["order_id"]
    assert guest.get(f"/orders/{order_id}").is_success
    admin = erasing.new(Role.SUPER_ADMIN).client
    assert guest.get("/orders").json()["orders"]
    me = subject_of(guest)
    first = erased(guest, me)
    assert guest.get("/orders").json()["orders"] == []
    assert erased(guest, me) == first
    assert admin.get(f"/privacy/erasures/{first['erasure_id']}").json() == first
    assert guest.put(lines, json={"quantity": 1, "saved": False}).is_success
    again = erased(admin, me)
    assert again["erasure_id"] != first["erasure_id"]
    assert again["rows"] == {"carts": 1, "cart_lines": 1}


def test_an_export_has_what_is_held_and_no_secret(
    erasing: People, partner: httpx.Client, database: Database
) -> None:
    life = Life(erasing.new(), partner)
    path = f"/privacy/subjects/{life.person.subject}/export"
    answer = life.person.client.get(path)
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as files:
        held = {name: json.loads(files.read(name)) for name in files.namelist()}
    text = json.dumps(held)
    assert [word for word in life.words if word not in text] == []
    hidden = "SELECT password_hash FROM accounts WHERE email = $1"
    assert database.value(hidden, life.person.email) not in text
    assert {"accounts.json", "orders.json", "reviews.json"} <= held.keys()
    assert all("hash" not in name for row in held["account_sessions.json"] for name in row)
    admin = erasing.new(Role.SUPER_ADMIN).client
    assert admin.get(path).status_code == 200
    assert erasing.new().client.get(path).status_code == 404


def test_who_has_goods_kept_or_works_here_is_told_what_to_do_first(
    erasing: People, partner: httpx.Client
) -> None:
    buyer, admin = erasing.new(), erasing.new(Role.ADMIN)
    opened(buyer.client, new_sku(partner))
    for person in (buyer, admin):
        answer = person.client.delete(f"/privacy/subjects/{person.subject}")
        assert code(answer) == (409, "cannot_be_erased")
        assert person.client.get("/account").is_success


def test_every_table_says_what_an_erasure_does_to_it(database: Database) -> None:
    there = {row["tablename"] for row in database.rows(TABLES)} - {"alembic_version"}
    holdings, kept = {one.table for one in HOLDINGS}, {one.table for one in KEPT}
    assert there == holdings | kept | IMPERSONAL
    assert not (holdings & kept)
    assert not ((holdings | kept) & IMPERSONAL)


def test_no_table_that_knows_no_person_has_a_column_for_one(database: Database) -> None:
    personal = (
        "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND "
        "column_name IN ('subject', 'author', 'voter', 'follower', 'recipient', 'email', "
        "'contact_email', 'placed_by', 'caller', 'applicant')"
    )
    named = {row["table_name"] for row in database.rows(personal)}
    assert named & IMPERSONAL == set()
    assert named >= {"accounts", "orders", "reviews", "price_alerts"}
