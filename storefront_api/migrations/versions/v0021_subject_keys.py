"""Keys that personal fields of events are sealed with; an erasure destroys them."""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"

KEYS = """
CREATE TABLE subject_keys (
    key_id bytea PRIMARY KEY CHECK (length(key_id) = 16),
    key bytea CHECK (length(key) = 32),
    made_at timestamptz NOT NULL DEFAULT now(),
    destroyed_at timestamptz,
    CONSTRAINT destroyed_or_not CHECK ((key IS NULL) = (destroyed_at IS NOT NULL))
)
"""
SAYS = """
COMMENT ON TABLE subject_keys IS
    'What personal fields of events are sealed with. The id is the beginning of the SHA-256 of whose
    it is: a pseudonym, an anonymous id or a session. Without a key it was destroyed for good.'
"""
# A destroyed key must not come back by an update, and its row says so for ever.
GUARD = """
CREATE FUNCTION destroyed_for_good() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.key IS NULL OR NEW.key IS NOT NULL THEN
        RAISE EXCEPTION 'a key of subject_keys is destroyed, and never changed or forgotten';
    END IF;
    RETURN NEW;
END $$
"""


def upgrade() -> None:
    for statement in (
        KEYS,
        SAYS,
        GUARD,
        "CREATE TRIGGER subject_keys_are_destroyed_for_good BEFORE UPDATE OR DELETE "
        "ON subject_keys FOR EACH ROW EXECUTE FUNCTION destroyed_for_good()",
    ):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE subject_keys")
    op.execute("DROP FUNCTION destroyed_for_good")
