"""Messages to people, one for each cause."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE notifications (
            notification_id uuid PRIMARY KEY,
            cause text NOT NULL UNIQUE,
            recipient text NOT NULL,
            template text NOT NULL,
            parameters jsonb NOT NULL,
            state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sent', 'failed')),
            requested_at timestamptz NOT NULL DEFAULT now()
        )
        """
    )


def downgrade() -> None:
    op.execute("DROP TABLE notifications")
