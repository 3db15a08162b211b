"""The trace of an event, and idempotency keys by age."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.execute("ALTER TABLE outbox ADD COLUMN traceparent text NOT NULL DEFAULT ''")
    op.execute("CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at)")


def downgrade() -> None:
    op.execute("DROP INDEX idempotency_keys_by_age")
    op.execute("ALTER TABLE outbox DROP COLUMN traceparent")
