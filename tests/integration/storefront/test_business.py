"""Companies: a list becomes a cart, a quote an order once it may, and an invoice is paid later."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
import pytest

from storefront_api.events import Topic
from tests.integration.storefront.accounting import balance, check_books, customer, posted
from tests.integration.storefront.accounts import People
from tests.integration.storefront.conftest import Database
from tests.integration.storefront.goods import key, line, new_sku, order
from tests.integration.storefront.paying import DELIVERY, Outbox, stock
from tests.integration.storefront.test_price_rules import new_rule
from tests.integration.storefront.tills import stated

Shoppers = Callable[[], httpx.Client]
COMPANY = {"name": "Field Canteens", "currency": "USD", "credit_limit_minor": 10_000}


@dataclass(frozen=True)
class Company:
    """A company with a buyer and an approver."""

    company_id: str
    buyer: httpx.Client
    approver: httpx.Client


def member(
    partner: httpx.Client, company_id: str, client: httpx.Client, role: str, people: People
) -> str:
    """Let a new customer act for a company and return the account's id."""
    person = people.new()
    client.headers["Authorization"] = person.client.headers["Authorization"]
    account_id = str(person.account_id)
    body = {"account_id": account_id, "role": role}
    answer = partner.put(f"/companies/{company_id}/members", json=body)
    assert (answer.status_code, answer.json()["role"]) == (200, role)
    return account_id


@pytest.fixture
def new_company(
    partner: httpx.Client, new_shopper: Shoppers, people: People
) -> Callable[..., Company]:
    """Create companies whose quotes above 1,000 minor units need approval."""

    def new(**changed: Any) -> Company:
        body = {**COMPANY, "approval_above_minor": 1000, **changed}
        answer = partner.post("/companies", json=body, headers=key())
        assert answer.status_code == 201, answer.text
        company = Company(answer.json()["company_id"], new_shopper(), new_shopper())
        member(partner, company.company_id, company.buyer, "buyer", people)
        member(partner, company.company_id, company.approver, "approver", people)
        return company

    return new


def fill(buyer: httpx.Client, *rows: str) -> httpx.Response:
    """Put a list into the cart."""
    return buyer.put("/business/cart", json={"csv": "\n".join(["sku,quantity", *rows])})


def request(buyer: httpx.Client, **more: Any) -> httpx.Response:
    """Ask for a quote of the cart."""
    body = {"purchase_order": "PO-7", "store_id": "S1", "delivery": DELIVERY, **more}
    return buyer.post("/business/quotes", json=body, headers=key())


def quoted(buyer: httpx.Client, sku: str, quantity: int) -> dict[str, Any]:
    """Return a new quote."""
    assert fill(buyer, f"{sku},{quantity}").status_code == 200
    answer = request(buyer)
    assert answer.status_code == 201, answer.text
    quote: dict[str, Any] = answer.json()
    return quote


def approve(approver: httpx.Client, quote: dict[str, Any]) -> httpx.Response:
    """Approve a quote."""
    return approver.post(f"/business/quotes/{quote['quote_id']}/approval")


def test_a_list_becomes_a_cart_an_approved_order_and_an_invoice_paid_later(
    partner: httpx.Client,
    new_company: Callable[..., Company],
    database: Database,
    outbox: Outbox,
) -> None:
    company = new_company()
    sku, other = new_sku(partner, list_price_minor=100), new_sku(partner, list_price_minor=300)
    tier = new_rule(
        partner,
        target=sku,
        kind="price",
        value=90,
        currency="USD",
        audience="business",
        min_quantity=20,
    )
    assert fill(company.buyer, f"{sku},20", f"{other},1").json() == {"lines": 2}
    quote = request(company.buyer).json()
    assert (quote["state"], quote["total_minor"], quote["invoice_id"]) == ("requested", 2100, None)
    steps = {each["sku"]: each["steps"] for each in quote["explanation"]}
    assert [(s["kind"], s["id"], s["amount_minor"]) for s in steps[sku]] == [
        ("tier", tier["rule_id"], 200)
    ]
    assert stock(database, sku) == (100, 0)
    assert company.buyer.get("/cart").json()["lines"] == []
    assert approve(company.buyer, quote).status_code == 403
    approved = approve(company.approver, quote).json()
    assert approved["state"] == "approved"
    assert approve(company.approver, quote).json() == approved
    assert stock(database, sku) == (80, 0)
    order_id, invoice_id = quote["quote_id"], approved["invoice_id"]
    placed = company.buyer.get(f"/orders/{order_id}").json()
    assert placed["explanation"] == quote["explanation"]
    invoice = company.buyer.get(f"/invoices/{invoice_id}").json()
    assert (invoice["purchase_order"], invoice["total_minor"]) == ("PO-7", 2100)
    assert invoice["lines"] == placed["lines"]
    issued, due = (datetime.fromisoformat(invoice[name]) for name in ("issued_at", "due_at"))
    assert (due - issued).days == 30
    credit, owed = (f"{kind}/{company.company_id}/USD" for kind in ("credit", "receivable"))
    assert (balance(database, credit), balance(database, owed)) == (7900, -2100)
    assert posted(partner, f"order/{order_id}") == {
        "clearing/invoice/USD": -2100,
        "revenue/USD": 2100,
    }
    for _ in range(2):
        paid = partner.post(f"/invoices/{invoice_id}/payment")
        assert (paid.status_code, bool(paid.json()["paid_at"])) == (200, True)
    assert (balance(database, credit), balance(database, owed)) == (10_000, 0)
    told = [event.type for event in outbox(Topic.BUSINESS, order_id)]
    assert told == ["quote_requested", "quote_approved"]
    told = [event.type for event in outbox(Topic.BUSINESS, invoice_id)]
    assert told == ["invoice_issued", "invoice_paid"]
    check_books(database)


def test_an_invoice_tells_the_tax_of_each_rate(
    partner: httpx.Client, new_company: Callable[..., Company]
) -> None:
    buyer = new_company(approval_above_minor=10**6).buyer
    food, soap = new_sku(partner), new_sku(partner, department="DRUG GM")
    assert fill(buyer, f"{food},2", f"{soap},4").status_code == 200
    quote = request(buyer, destination="DE").json()
    assert (quote["destination"], quote["total_minor"], quote["tax_minor"]) == ("DE", 1500, 193)
    invoice = buyer.get(f"/invoices/{quote['invoice_id']}").json()
    assert (invoice["tax_minor"], invoice["taxes"]) == (
        193,
        [
            {"rate_bp": 700, "total_minor": 500, "tax_minor": 33},
            {"rate_bp": 1900, "total_minor": 1000, "tax_minor": 160},
        ],
    )
    assert fill(buyer, f"{food},1").status_code == 200
    assert request(buyer, destination="ZZ").json()["field"] == "body.destination"


def test_what_is_cheap_enough_needs_no_approver(
    partner: httpx.Client, new_company: Callable[..., Company], outbox: Outbox
) -> None:
    company = new_company()
    quote = quoted(company.buyer, new_sku(partner), 4)
    assert (quote["state"], quote["total_minor"]) == ("approved", 1000)
    event: Any = outbox(Topic.BUSINESS, quote["quote_id"])[1]
    assert (event.type, event.data.needed_approver) == ("quote_approved", False)


def test_orders_at_once_never_exceed_the_credit(
    partner: httpx.Client, new_company: Callable[..., Company], database: Database
) -> None:
    company = new_company(credit_limit_minor=7000)
    sku = new_sku(partner, list_price_minor=500, opening_stock=1000)
    quotes = [quoted(company.buyer, sku, 4) for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda quote: approve(company.approver, quote), quotes))
    assert Counter(answer.status_code for answer in answers) == {200: 3, 409: 5}
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {"overdrawn"}
    assert stock(database, sku) == (988, 0)
    assert balance(database, f"credit/{company.company_id}/USD") == 1000
    check_books(database)


def test_nobody_approves_what_they_requested_or_what_is_another_company_s(
    partner: httpx.Client, new_company: Callable[..., Company]
) -> None:
    company, other = new_company(), new_company()
    own = quoted(company.approver, new_sku(partner), 8)
    assert approve(company.approver, own).status_code == 403
    path = f"/business/quotes/{own['quote_id']}"
    assert company.buyer.get(path).json() == own
    assert other.buyer.get(path).status_code == 404
    assert approve(other.approver, own).status_code == 404
    cheap = quoted(company.buyer, new_sku(partner), 1)
    invoice = f"/invoices/{cheap['invoice_id']}"
    assert other.buyer.get(invoice).status_code == 404
    assert partner.get(invoice).status_code == 200
    assert company.buyer.post(f"{invoice}/payment").status_code == 403
    assert partner.post(f"/invoices/{uuid.uuid4()}/payment").status_code == 404


def test_a_list_with_wrong_rows_changes_nothing(
    partner: httpx.Client, new_company: Callable[..., Company]
) -> None:
    buyer, sku = new_company().buyer, new_sku(partner)
    wrong = fill(buyer, f"{sku},2", "none-1,1", f"{sku},1", "none-2,1")
    assert (wrong.status_code, wrong.json()["field"]) == (422, "body.csv")
    assert [(d["row"], d["message"]) for d in wrong.json()["details"]] == [
        (3, "there is no variant none-1"),
        (5, "there is no variant none-2"),
    ]
    euros = new_sku(partner, currency="EUR")
    assert fill(buyer, f"{sku},2", f"{euros},1").status_code == 422
    assert buyer.get("/cart").json()["lines"] == []
    assert request(buyer).status_code == 422
    assert fill(buyer, f"{euros},1").status_code == 200
    assert request(buyer).json()["detail"] == "the company buys in USD"


def test_tiers_for_businesses_are_not_for_others_nor_is_buying_on_invoice(
    partner: httpx.Client,
    people: People,
    shopper: httpx.Client,
    new_company: Callable[..., Company],
) -> None:
    company, sku = new_company(), new_sku(partner)
    new_rule(partner, target=sku, audience="business", value=5000)
    totals = [
        stated(client, order(line(sku))).json()["total_minor"]
        for client in (company.buyer, shopper)
    ]
    assert totals == [125, 250]
    on_invoice = {"method": "invoice", "fingerprint": "", "country": ""}
    body = order(line(sku), payment=on_invoice, subject="s-1")
    refused = [
        client.post("/orders", json=body, headers=key()).status_code
        for client in (company.buyer, shopper)
    ]
    assert refused == [403, 403]
    assert fill(shopper, f"{sku},1").status_code == 403
    customer(shopper, people)
    assert fill(shopper, f"{sku},1").json()["detail"] == "the account acts for no company"


def test_an_account_acts_for_one_company_and_may_change_its_part(
    partner: httpx.Client, people: People, new_company: Callable[..., Company]
) -> None:
    company, other = new_company(), new_company()
    account_id = member(partner, company.company_id, company.buyer, "buyer", people)

    def put(company_id: str, role: str) -> int:
        body = {"account_id": account_id, "role": role}
        return partner.put(f"/companies/{company_id}/members", json=body).status_code

    statuses = [
        put(company.company_id, "approver"),
        put(other.company_id, "buyer"),
        put(str(uuid.uuid4()), "buyer"),
    ]
    assert statuses == [200, 409, 404]
