"""Messages that are sent, reviews, followed vendors, and alerts of prices."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"

NOTIFICATIONS = """
ALTER TABLE notifications
    DROP CONSTRAINT notifications_state_check,
    ADD COLUMN subject text NOT NULL DEFAULT '',
    ADD COLUMN attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    ADD COLUMN handed_over boolean NOT NULL DEFAULT false,
    ADD COLUMN due_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN failure text NOT NULL DEFAULT '',
    ADD CONSTRAINT a_state_that_is_known
        CHECK (state IN ('queued', 'sending', 'sent', 'failed')),
    ADD CONSTRAINT a_failure_has_a_reason CHECK ((state = 'failed') = (failure <> '')),
    ADD CONSTRAINT only_what_is_sent_is_handed_over
        CHECK (state IN ('sending', 'sent') OR NOT handed_over);
CREATE INDEX notifications_due ON notifications (due_at) WHERE state IN ('queued', 'sending');

CREATE TABLE notification_steps (
    notification_id uuid NOT NULL REFERENCES notifications,
    attempt integer NOT NULL CHECK (attempt >= 1),
    step text NOT NULL CHECK (step IN (
        'started', 'handed_over', 'accepted', 'deferred', 'refused', 'interrupted', 'unknown'
    )),
    detail text NOT NULL,
    taken_at timestamptz NOT NULL,
    PRIMARY KEY (notification_id, attempt, step)
);

CREATE TABLE suppressions (
    recipient text NOT NULL,
    category text NOT NULL,
    reason text NOT NULL CHECK (reason IN ('unsubscribed', 'bounced', 'complained')),
    since timestamptz NOT NULL,
    PRIMARY KEY (recipient, category)
);
"""
SOCIAL = """
CREATE TABLE rating_priors (
    version integer PRIMARY KEY,
    weight integer NOT NULL CHECK (weight > 0),
    total integer NOT NULL CHECK (total BETWEEN weight AND 5 * weight),
    source text NOT NULL,
    valid_from timestamptz NOT NULL
);
INSERT INTO rating_priors VALUES (1, 5, 15,
    'One review of each rating before the first: a Dirichlet(1,1,1,1,1) prior, as in E. Miller, '
    'Ranking Items With Star Ratings (2014); the form is IMDb''s weighted rating.', '2017-01-01');

CREATE TABLE review_rules (
    rule_id text NOT NULL,
    version integer NOT NULL,
    pattern text NOT NULL,
    source text NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz,
    PRIMARY KEY (rule_id, version)
);
INSERT INTO review_rules (rule_id, version, pattern, source, valid_from) VALUES
    ('link', 1, '(?i)https?://|www[.]', 'own: advertisements', '2017-01-01'),
    ('mail_address', 1, '[[:alnum:]._%+-]+@[[:alnum:].-]+[.][[:alpha:]]{2,}',
     'own: personal data', '2017-01-01'),
    ('telephone', 1, '(^|[^0-9])[+0][0-9 ()/.-]{7,}[0-9]', 'own: personal data', '2017-01-01'),
    ('insult', 1,
     '(?i)\\m(idiots?|morons?|assholes?|bastards?|bitch(es)?|fuck(s|ed|ers?|ing)?|shit(s|ty)?)\\M',
     'own: a first list, to be grown by the moderators', '2017-01-01'),
    ('shouting', 1, '([[:upper:]]{2,}[^[:lower:][:upper:]]+){5,}[[:upper:]]{2,}',
     'own: six words in capitals', '2017-01-01'),
    ('noise', 1, '(.)\\1{9,}', 'own: one character ten times', '2017-01-01');

CREATE TABLE reviews (
    review_id uuid PRIMARY KEY,
    order_id uuid NOT NULL,
    line_number integer NOT NULL,
    product_id text NOT NULL,
    sku text NOT NULL,
    vendor_id text NOT NULL,
    author text NOT NULL,
    rating smallint NOT NULL CHECK (rating BETWEEN 1 AND 5),
    title text NOT NULL CHECK (length(title) <= 120),
    body text NOT NULL CHECK (length(body) <= 5000),
    state text NOT NULL CHECK (state IN ('published', 'held', 'rejected', 'deleted')),
    held_for text[] NOT NULL,
    revision integer NOT NULL DEFAULT 1,
    helpful bigint NOT NULL DEFAULT 0 CHECK (helpful >= 0),
    posted_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    FOREIGN KEY (order_id, line_number) REFERENCES order_lines,
    CONSTRAINT one_review_for_a_line UNIQUE (order_id, line_number)
);
CREATE INDEX reviews_newest ON reviews (product_id, posted_at, review_id)
    WHERE state = 'published';
CREATE INDEX reviews_most_helpful ON reviews (product_id, helpful, review_id)
    WHERE state = 'published';
CREATE INDEX reviews_by_rating ON reviews (product_id, rating, review_id)
    WHERE state = 'published';
CREATE INDEX reviews_of_an_author ON reviews (author, review_id);
CREATE INDEX reviews_held ON reviews (changed_at, review_id) WHERE state = 'held';

CREATE TABLE product_ratings (
    product_id text PRIMARY KEY,
    stars_1 bigint NOT NULL DEFAULT 0 CHECK (stars_1 >= 0),
    stars_2 bigint NOT NULL DEFAULT 0 CHECK (stars_2 >= 0),
    stars_3 bigint NOT NULL DEFAULT 0 CHECK (stars_3 >= 0),
    stars_4 bigint NOT NULL DEFAULT 0 CHECK (stars_4 >= 0),
    stars_5 bigint NOT NULL DEFAULT 0 CHECK (stars_5 >= 0)
) WITH (fillfactor = 70);

CREATE TABLE review_votes (
    review_id uuid NOT NULL REFERENCES reviews,
    voter text NOT NULL,
    voted_at timestamptz NOT NULL,
    PRIMARY KEY (review_id, voter)
);

CREATE TABLE review_moderations (
    moderation_id uuid PRIMARY KEY,
    review_id uuid NOT NULL REFERENCES reviews,
    revision integer NOT NULL,
    decision text NOT NULL CHECK (decision IN ('published', 'rejected')),
    reason text NOT NULL,
    moderator text NOT NULL,
    decided_at timestamptz NOT NULL
);
CREATE INDEX review_moderations_by_review ON review_moderations (review_id, decided_at);

CREATE TABLE vendor_follows (
    follower text NOT NULL,
    vendor_id text NOT NULL,
    followed_at timestamptz NOT NULL,
    PRIMARY KEY (follower, vendor_id)
);

CREATE TABLE vendor_followers (
    vendor_id text PRIMARY KEY,
    followers bigint NOT NULL CHECK (followers >= 0)
) WITH (fillfactor = 70);
CREATE INDEX products_of_a_vendor ON products (vendor_id)
"""
ALERTS = """
CREATE TABLE price_alerts (
    alert_id uuid PRIMARY KEY,
    owner text NOT NULL,
    sku text NOT NULL REFERENCES products,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    target_minor bigint NOT NULL CHECK (target_minor >= 0),
    recipient text NOT NULL,
    reached boolean NOT NULL,
    times integer NOT NULL DEFAULT 0 CHECK (times >= 0),
    set_at timestamptz NOT NULL,
    CONSTRAINT one_alert_of_an_owner UNIQUE (owner, sku)
);
CREATE INDEX price_alerts_by_sku ON price_alerts (sku)
"""
APPEND_ONLY = ("notification_steps", "review_moderations")


def upgrade() -> None:
    for statements in (NOTIFICATIONS, SOCIAL, ALERTS):
        for statement in statements.split(";\n"):
            if statement.strip():
                op.get_bind().exec_driver_sql(statement)
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_is_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    op.execute(
        "DROP TABLE price_alerts, vendor_followers, vendor_follows, review_moderations, "
        "review_votes, product_ratings, reviews, review_rules, rating_priors"
    )
    op.execute("DROP INDEX products_of_a_vendor")
    op.execute("DROP TABLE suppressions, notification_steps")
    op.execute("DROP INDEX notifications_due")
    # What is being sent may have been: it is not sent again by a version that does not know.
    op.execute(
        "UPDATE notifications SET state = 'failed', failure = 'unknown', handed_over = false "
        "WHERE state = 'sending'"
    )
    op.execute(
        "ALTER TABLE notifications "
        "DROP CONSTRAINT a_state_that_is_known, DROP CONSTRAINT a_failure_has_a_reason, "
        "DROP CONSTRAINT only_what_is_sent_is_handed_over, "
        "DROP COLUMN subject, DROP COLUMN attempts, DROP COLUMN handed_over, DROP COLUMN due_at, "
        "DROP COLUMN failure, "
        "ADD CONSTRAINT notifications_state_check CHECK (state IN ('queued', 'sent', 'failed'))"
    )
