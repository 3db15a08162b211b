"""Messages that are sent, reviews, followed vendors, and alerts of prices."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0007"

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
APPEND_ONLY = ("notification_steps",)


def upgrade() -> None:
    for statement in NOTIFICATIONS.split(";\n"):
        if statement.strip():
            op.execute(statement)
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_is_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
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
