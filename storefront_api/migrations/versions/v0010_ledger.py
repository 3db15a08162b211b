"""Double entry, what is paid with besides cards, price rules, and companies that buy on credit."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"

LEDGER = (
    # Only a guarded account carries its balance: a balance on every account would have all
    # orders wait for each other at the row of the revenue.
    """
    CREATE TABLE ledger_accounts (
        account_id text COLLATE "C" PRIMARY KEY,
        kind text NOT NULL,
        owner text NOT NULL,
        unit text NOT NULL CHECK (unit ~ '^([A-Z]{3}|points)$'),
        balance bigint,
        expires_at timestamptz,
        opened_at timestamptz NOT NULL,
        CONSTRAINT a_guarded_account_is_never_overdrawn CHECK (balance >= 0)
    ) WITH (fillfactor = 80)
    """,
    """
    CREATE INDEX ledger_accounts_with_something ON ledger_accounts (owner, kind)
    WHERE balance > 0
    """,
    "CREATE INDEX ledger_accounts_expiring ON ledger_accounts (expires_at) "
    "WHERE balance > 0 AND expires_at IS NOT NULL",
    """
    CREATE TABLE ledger_transfers (
        transfer_id uuid PRIMARY KEY,
        reference text NOT NULL UNIQUE,
        entries integer NOT NULL CHECK (entries >= 2),
        posted_at timestamptz NOT NULL
    )
    """,
    # No foreign keys: the trigger below looks at both tables anyway, and key locks of every order
    # on the few accounts of the store would make their rows hot.
    """
    CREATE TABLE ledger_entries (
        transfer_id uuid NOT NULL,
        account_id text COLLATE "C" NOT NULL,
        amount bigint NOT NULL CHECK (amount <> 0),
        PRIMARY KEY (transfer_id, account_id)
    )
    """,
    "CREATE INDEX ledger_entries_by_account ON ledger_entries (account_id)",
    # A transfer is written whole by one statement, or not at all, and takes guarded balances along.
    """
    CREATE FUNCTION keep_the_ledger() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        wrong text;
        guarded boolean;
    BEGIN
        SELECT min(transfer_id::text) FILTER (
            WHERE total <> 0 OR unit IS NULL OR entries IS DISTINCT FROM (
                SELECT count(*) FROM ledger_entries e WHERE e.transfer_id = each_unit.transfer_id
            )
        ), bool_or(has_guarded)
        INTO wrong, guarded
        FROM (
            SELECT n.transfer_id, a.unit, sum(n.amount) AS total, t.entries,
                bool_or(a.balance IS NOT NULL) AS has_guarded
            FROM new_entries n
            LEFT JOIN ledger_accounts a USING (account_id)
            LEFT JOIN ledger_transfers t USING (transfer_id)
            GROUP BY n.transfer_id, a.unit, t.entries
        ) AS each_unit;
        IF wrong IS NOT NULL THEN
            RAISE EXCEPTION 'transfer % does not balance', wrong
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        IF guarded THEN
            PERFORM FROM ledger_accounts
            WHERE account_id IN (SELECT account_id FROM new_entries) AND balance IS NOT NULL
            ORDER BY account_id FOR NO KEY UPDATE;
            UPDATE ledger_accounts a SET balance = a.balance + n.amount
            FROM (
                SELECT account_id, sum(amount) AS amount FROM new_entries GROUP BY account_id
            ) AS n
            WHERE a.account_id = n.account_id AND a.balance IS NOT NULL;
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER ledger_entries_balance AFTER INSERT ON ledger_entries
    REFERENCING NEW TABLE AS new_entries
    FOR EACH STATEMENT EXECUTE FUNCTION keep_the_ledger()
    """,
    "CREATE TRIGGER ledger_entries_is_append_only BEFORE UPDATE OR DELETE ON ledger_entries "
    "FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    "CREATE TRIGGER ledger_transfers_is_append_only BEFORE UPDATE OR DELETE ON ledger_transfers "
    "FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    # Balances follow entries, and nothing else: only the trigger above reaches them.
    "CREATE TRIGGER ledger_accounts_follow_entries BEFORE UPDATE OR DELETE ON ledger_accounts "
    "FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION refuse_change()",
    "CREATE TRIGGER ledger_accounts_open_empty BEFORE INSERT ON ledger_accounts "
    "FOR EACH ROW WHEN (NEW.balance <> 0) EXECUTE FUNCTION refuse_change()",
)
TENDERS = (
    """
    CREATE TABLE giftcards (
        giftcard_id uuid PRIMARY KEY,
        code_hash bytea NOT NULL UNIQUE,
        account_id text COLLATE "C" NOT NULL UNIQUE REFERENCES ledger_accounts,
        currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
        issued_minor bigint NOT NULL CHECK (issued_minor >= 1),
        reason text NOT NULL,
        issued_at timestamptz NOT NULL,
        expires_at timestamptz CHECK (expires_at > issued_at)
    )
    """,
    """
    CREATE TABLE loyalty_rules (
        rule_id text NOT NULL,
        version integer NOT NULL CHECK (version >= 1),
        currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
        earn_basis_points integer NOT NULL CHECK (earn_basis_points BETWEEN 0 AND 1000000),
        spend_basis_points integer NOT NULL CHECK (spend_basis_points BETWEEN 1 AND 1000000),
        expires_after_days integer NOT NULL CHECK (expires_after_days >= 1),
        source text NOT NULL,
        starts_at timestamptz NOT NULL,
        PRIMARY KEY (rule_id, version)
    )
    """,
    "CREATE INDEX loyalty_rules_by_start ON loyalty_rules (currency, starts_at)",
    """
    CREATE TABLE order_tenders (
        order_id uuid NOT NULL REFERENCES orders,
        position integer NOT NULL CHECK (position >= 1),
        kind text NOT NULL CHECK (kind IN ('gift_card', 'points')),
        tender_id text NOT NULL,
        amount_minor bigint NOT NULL CHECK (amount_minor >= 1),
        points bigint NOT NULL CHECK ((points > 0) = (kind = 'points')),
        expires_at timestamptz,
        PRIMARY KEY (order_id, position)
    )
    """,
    """
    CREATE TABLE refund_tenders (
        refund_id uuid NOT NULL REFERENCES refunds,
        order_id uuid NOT NULL,
        position integer NOT NULL,
        amount_minor bigint NOT NULL CHECK (amount_minor >= 1),
        points bigint NOT NULL CHECK (points >= 0),
        PRIMARY KEY (refund_id, position),
        FOREIGN KEY (order_id, position) REFERENCES order_tenders
    )
    """,
    "CREATE INDEX refund_tenders_by_order ON refund_tenders (order_id, position)",
    "ALTER TABLE checkouts ADD COLUMN collects_points boolean NOT NULL DEFAULT false, "
    "ADD COLUMN tenders jsonb NOT NULL DEFAULT '[]', ADD COLUMN rules jsonb NOT NULL DEFAULT '[]'",
)
PRICES = (
    """
    CREATE TABLE price_rules (
        rule_id text NOT NULL,
        version integer NOT NULL CHECK (version >= 1),
        kind text NOT NULL CHECK (kind IN ('percent', 'amount', 'price')),
        value bigint NOT NULL CHECK (value >= 0),
        currency text NOT NULL CHECK (currency ~ '^([A-Z]{3})?$'),
        scope text NOT NULL CHECK (scope IN ('all', 'department', 'category', 'vendor', 'sku')),
        target text NOT NULL,
        audience text NOT NULL CHECK (audience IN ('everybody', 'business')),
        min_quantity bigint NOT NULL CHECK (min_quantity >= 1),
        source text NOT NULL,
        starts_at timestamptz NOT NULL,
        ends_at timestamptz CHECK (ends_at >= starts_at),
        PRIMARY KEY (rule_id, version),
        CONSTRAINT a_percentage_is_at_most_all CHECK (kind <> 'percent' OR value <= 10000),
        CONSTRAINT an_amount_has_a_currency CHECK (kind = 'percent' OR currency <> ''),
        CONSTRAINT all_needs_no_target CHECK ((scope = 'all') = (target = ''))
    )
    """,
    "CREATE INDEX price_rules_by_target ON price_rules (target)",
    """
    CREATE TABLE order_price_rules (
        order_id uuid NOT NULL,
        line_number integer NOT NULL,
        rule_id text NOT NULL,
        version integer NOT NULL,
        tier boolean NOT NULL,
        amount_minor bigint NOT NULL CHECK (amount_minor >= 1),
        PRIMARY KEY (order_id, line_number),
        FOREIGN KEY (order_id, line_number) REFERENCES order_lines,
        FOREIGN KEY (rule_id, version) REFERENCES price_rules
    )
    """,
)
COMPANIES = (
    """
    CREATE TABLE companies (
        company_id uuid PRIMARY KEY,
        name text NOT NULL,
        currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
        approval_above_minor bigint NOT NULL CHECK (approval_above_minor >= 0),
        term_days integer NOT NULL CHECK (term_days BETWEEN 0 AND 365),
        created_at timestamptz NOT NULL
    )
    """,
    """
    CREATE TABLE company_members (
        subject text PRIMARY KEY,
        company_id uuid NOT NULL REFERENCES companies,
        role text NOT NULL CHECK (role IN ('buyer', 'approver'))
    )
    """,
    """
    CREATE TABLE business_quotes (
        quote_id uuid PRIMARY KEY,
        company_id uuid NOT NULL REFERENCES companies,
        owner text NOT NULL,
        subject text NOT NULL,
        purchase_order text NOT NULL,
        placed jsonb NOT NULL,
        rules jsonb NOT NULL,
        total_minor bigint NOT NULL CHECK (total_minor >= 0),
        requested_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        approved_at timestamptz,
        approved_by text,
        CONSTRAINT somebody_approved_it CHECK ((approved_at IS NULL) = (approved_by IS NULL))
    )
    """,
    """
    CREATE TABLE invoices (
        invoice_id uuid PRIMARY KEY,
        number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
        company_id uuid NOT NULL REFERENCES companies,
        order_id uuid NOT NULL UNIQUE REFERENCES orders,
        purchase_order text NOT NULL,
        currency text NOT NULL,
        total_minor bigint NOT NULL CHECK (total_minor >= 0),
        issued_at timestamptz NOT NULL,
        due_at timestamptz NOT NULL CHECK (due_at >= issued_at),
        paid_at timestamptz
    )
    """,
)
# What happened before there was a ledger. Which captures the provider refused was only told as
# events, so all of them count as taken.
HISTORY = (
    """
    CREATE TEMP TABLE old_moves ON COMMIT DROP AS
    SELECT uuidv7() AS transfer_id, m.* FROM (
        SELECT 'order/' || order_id AS reference,
            'clearing/' || (payment ->> 'method') || '/' || currency AS source,
            'revenue/' || currency AS target, total_minor AS amount, ordered_at AS at
        FROM orders WHERE total_minor > 0
        UNION ALL
        SELECT 'refund/' || r.refund_id, 'refunds/' || o.currency,
            'clearing/' || (o.payment ->> 'method') || '/' || o.currency, r.amount_minor,
            r.refunded_at
        FROM refunds r JOIN orders o USING (order_id)
        UNION ALL
        SELECT 'chargeback/' || d.dispute_id, 'chargebacks/' || o.currency,
            'provider/' || o.currency, d.amount_minor, d.disputed_at
        FROM disputes d JOIN orders o USING (order_id)
        UNION ALL
        SELECT 'capture/' || checkout_id, 'provider/' || (placed ->> 'currency'),
            'clearing/card/' || (placed ->> 'currency'), due_minor, settled_at
        FROM checkouts
        WHERE state = 'completed' AND settled_at IS NOT NULL AND intent_id IS NOT NULL
        UNION ALL
        SELECT 'refund_sent/' || r.refund_id, 'clearing/card/' || o.currency,
            'provider/' || o.currency, r.amount_minor, s.sent_at
        FROM refunds_sent s JOIN refunds r USING (refund_id) JOIN orders o USING (order_id)
        WHERE s.provider_reference <> ''
    ) AS m
    """,
    """
    INSERT INTO ledger_accounts (account_id, kind, owner, unit, opened_at)
    SELECT account_id, split_part(account_id, '/', 1),
        CASE WHEN account_id LIKE '%/%/%' THEN split_part(account_id, '/', 2) ELSE '' END,
        split_part(account_id, '/', -1), min(at)
    FROM (
        SELECT source AS account_id, at FROM old_moves
        UNION ALL SELECT target, at FROM old_moves
    ) AS each_side
    GROUP BY account_id
    """,
    "INSERT INTO ledger_transfers SELECT transfer_id, reference, 2, at FROM old_moves",
    """
    INSERT INTO ledger_entries
    SELECT transfer_id, source, -amount FROM old_moves
    UNION ALL SELECT transfer_id, target, amount FROM old_moves
    """,
    "DROP TABLE old_moves",
)
APPEND_ONLY = (
    "giftcards",
    "loyalty_rules",
    "order_tenders",
    "refund_tenders",
    "price_rules",
    "order_price_rules",
)


def upgrade() -> None:
    for statement in (*LEDGER, *HISTORY, *TENDERS, *PRICES, *COMPANIES):
        op.execute(statement)
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_is_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    op.execute(
        "ALTER TABLE checkouts DROP COLUMN collects_points, DROP COLUMN tenders, DROP COLUMN rules"
    )
    op.execute("DROP TABLE invoices, business_quotes, company_members, companies")
    op.execute("DROP TABLE order_price_rules, price_rules")
    op.execute("DROP TABLE refund_tenders, order_tenders, loyalty_rules, giftcards")
    op.execute("DROP TABLE ledger_entries, ledger_transfers, ledger_accounts")
    op.execute("DROP FUNCTION keep_the_ledger")
