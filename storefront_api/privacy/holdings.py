"""Every table of the store that knows a person: by what, and what becomes of it.

A test holds this against the database: a table that neither `HOLDINGS` nor `IMPERSONAL` names
fails it, so that nobody adds one without saying what an erasure does to it.

Statements know the person as $1, the pseudonym, as $2, the account (NULL for a guest), as $3, its
e-mail address (empty for a guest), and as $4, the pseudonym of that address.
"""

from __future__ import annotations

from dataclasses import dataclass

ERASED = "erased"
"""What stands where a person stood, in rows that the books need."""


@dataclass(frozen=True)
class Holding:
    """One table's rows about a person.

    Parameters
    ----------
    table
        Its name.
    whose
        Condition that is true of the person's rows.
    erase
        Statement that takes the person out of them.
    hidden
        Columns that an export leaves out: secrets, and what is other people's.
    """

    table: str
    whose: str
    erase: str
    hidden: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kept:
    """One table that keeps a pseudonym, and why.

    Once the account is gone nothing leads from the pseudonym to the person.
    """

    table: str
    why: str


def _deleted(table: str, whose: str, hidden: tuple[str, ...] = ()) -> Holding:
    return Holding(table, whose, f"DELETE FROM {table} t WHERE {whose}", hidden)


def _blanked(table: str, whose: str, values: str) -> Holding:
    return Holding(table, whose, f"UPDATE {table} t SET {values} WHERE {whose}")


def _order_without_person(column: str) -> str:
    """Return an expression: a placed order as it was, but for device, card and area."""
    expression = column
    for path, value in (
        ("device_id", '""'),
        ("session_id", '""'),
        ("ip_country", '""'),
        ("payment,fingerprint", '""'),
        ("delivery,area", '""'),
    ):
        expression = f"jsonb_set({expression}, '{{{path}}}', '{value}', false)"
    return expression


_ACCOUNT = "t.account_id = $2"
_VOTES = """
WITH gone AS (DELETE FROM review_votes t WHERE t.voter = $1 RETURNING review_id)
UPDATE reviews SET helpful = helpful - 1 WHERE review_id IN (SELECT review_id FROM gone)
"""
_FOLLOWS = """
WITH gone AS (DELETE FROM vendor_follows t WHERE t.follower = $1 RETURNING vendor_id)
UPDATE vendor_followers SET followers = followers - 1
WHERE vendor_id IN (SELECT vendor_id FROM gone)
"""
_KEY_IDS = (
    "(SELECT substring(sha256(convert_to(who, 'UTF8')) FOR 16) AS key_id "
    "FROM unnest(ARRAY[$1, $4]::text[]) AS who WHERE who <> '')"
)
_KEYS = f"""
INSERT INTO subject_keys (key_id, key, destroyed_at)
SELECT gone.key_id, NULL, now() FROM {_KEY_IDS} AS gone
ON CONFLICT (key_id) DO UPDATE SET key = NULL, destroyed_at = now()
WHERE subject_keys.key IS NOT NULL
"""
_MAIL = "(t.recipient = $3 AND $3 <> '' OR t.subject = $1)"

HOLDINGS: tuple[Holding, ...] = (
    # What lies in Kafka is not deleted: nobody can read it any more.
    Holding("subject_keys", f"t.key_id IN {_KEY_IDS}", _KEYS, ("key",)),
    _deleted("idempotency_keys", "t.caller = $1", ("request_sha256",)),
    _deleted("guesses", "t.who IN ($1, $4)"),
    _deleted("price_alerts", "t.owner = $1"),
    _deleted("promotion_shoppers", "t.subject = $1"),
    _deleted("company_members", "t.subject = $1"),
    _deleted("suppressions", "t.recipient = $3"),
    Holding("review_votes", "t.voter = $1", _VOTES),
    Holding("vendor_follows", "t.follower = $1", _FOLLOWS),
    _deleted("cart_lines", "t.cart_id IN (SELECT cart_id FROM carts WHERE owner = $1)"),
    _deleted("carts", "t.owner = $1"),
    # The stars stay in the product's rating, which nobody can take back out of what was bought
    # by it; the words go.
    _blanked(
        "reviews", "t.author = $1", f"author = '{ERASED}', title = '', body = '', held_for = '{{}}'"
    ),
    _blanked(
        "notification_steps",
        f"t.notification_id IN (SELECT t.notification_id FROM notifications t WHERE {_MAIL})",
        "detail = ''",
    ),
    _blanked(
        "notifications",
        _MAIL,
        f"recipient = '{ERASED}', subject = '', parameters = '{{}}', handed_over = state = 'sent' "
        "AND handed_over, failure = CASE WHEN state = 'sent' THEN '' WHEN state = 'failed' "
        "THEN failure ELSE 'unknown' END, "
        "state = CASE WHEN state = 'sent' THEN state ELSE 'failed' END",
    ),
    _blanked(
        "checkouts",
        "t.owner = $1",
        f"owner = '{ERASED}', subject = '{ERASED}', contact_email = '', "
        f"placed = {_order_without_person('placed')}",
    ),
    _blanked(
        "business_quotes",
        "(t.owner = $1 OR t.subject = $1)",
        f"owner = '{ERASED}', subject = '{ERASED}', placed = {_order_without_person('placed')}",
    ),
    _blanked(
        "orders",
        "(t.subject = $1 OR t.placed_by = $1)",
        f"subject = '{ERASED}', contact_email = '', "
        f"placed_by = CASE WHEN placed_by = $1 THEN '{ERASED}' ELSE placed_by END, "
        "payment = jsonb_set(payment, '{fingerprint}', '\"\"', false), "
        "delivery = jsonb_set(delivery, '{area}', '\"\"', false)",
    ),
    _deleted("account_tokens", _ACCOUNT, ("token_hash",)),
    _deleted("account_sessions", _ACCOUNT, ("refresh_hash",)),
    _deleted("account_agents", _ACCOUNT),
    _deleted(
        "recovery_codes",
        _ACCOUNT,
        ("code_hash",),
    ),
    _deleted("second_factors", _ACCOUNT, ("sealed_secret",)),
    _deleted("login_challenges", _ACCOUNT, ("challenge_hash",)),
    _deleted("preferences", _ACCOUNT),
    _deleted("accounts", _ACCOUNT, ("password_hash",)),
)
"""In the order in which they are erased: what refers to something goes before it."""

KEPT: tuple[Kept, ...] = (
    Kept("erasures", "the receipt itself, by which what is restored or replayed is erased again"),
    Kept("ledger_accounts", "append-only books: an account of points is named by the pseudonym"),
    Kept("ledger_entries", "append-only books"),
    Kept("outbox", "events that wait to be published, and go with it"),
    Kept("review_moderations", "who of the staff decided"),
    Kept("vendors", "businesses; who sells is not erased before the vendor is"),
    Kept("vendor_log", "append-only: what a business asked for and who of the staff decided"),
    Kept("vendor_papers", "of businesses"),
    Kept("commission_rules", "who of the staff made them"),
    Kept("payout_runs", "who of the staff started them"),
    Kept("companies", "businesses; who buys for one is a holding of its own"),
    Kept("refunds", "append-only books, with the reason as the staff wrote it"),
    Kept("order_changes", "append-only: what befell an order, which is nobody's any more"),
)

IMPERSONAL = frozenset(
    {
        "catalog_imports",
        "categories",
        "delivery_areas",
        "deposits_returned",
        "disputes",
        "giftcards",
        "invoices",
        "ledger_transfers",
        "loyalty_rules",
        "offers",
        "order_allocations",
        "order_cancellations",
        "order_discounts",
        "order_line_commissions",
        "order_lines",
        "order_packaging",
        "order_price_rules",
        "order_tenders",
        "packaging_options",
        "packaging_prices",
        "payouts",
        "price_history",
        "price_rules",
        "product_details",
        "product_images",
        "product_options",
        "product_ratings",
        "product_scores",
        "products",
        "promotions",
        "rating_priors",
        "refund_lines",
        "refund_tenders",
        "refunds_sent",
        "relay",
        "reservations",
        "return_lines",
        "return_rules",
        "returns",
        "review_rules",
        "score_history",
        "scorecard_measures",
        "search_documents",
        "search_synonyms",
        "search_words",
        "shipment_lines",
        "shipment_scans",
        "shipment_sources",
        "shipments",
        "shipping_promises",
        "stock",
        "stock_files",
        "stock_movements",
        "stock_thresholds",
        "tax_classes",
        "tax_rates",
        "variant_options",
        "vendor_checks",
        "vendor_followers",
        "vendor_ledger",
        "vendor_orders",
        "vendor_outcomes",
        "warehouse_documents",
        "warehouse_movements",
        "warehouse_stock",
        "warehouses",
    }
)
"""Tables that know of goods, orders and businesses, and of no person."""
