"""Accounts with their sessions, second factors and preferences; guesses that are counted."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"

STATEMENTS = """
CREATE TABLE accounts (
    account_id uuid PRIMARY KEY,
    email text NOT NULL UNIQUE CHECK (email = lower(email)),
    password_hash text NOT NULL,
    role text NOT NULL DEFAULT 'customer'
        CHECK (role IN ('customer', 'vendor', 'admin', 'super_admin')),
    vendor_id text NOT NULL DEFAULT '',
    epoch integer NOT NULL DEFAULT 0,
    registered_at timestamptz NOT NULL,
    verified_at timestamptz,
    CONSTRAINT a_vendor_is_named_for_that_role_alone CHECK ((role = 'vendor') = (vendor_id <> ''))
);
COMMENT ON COLUMN accounts.epoch IS
    'Counts changes of password and second factor: what was checked before one is void after it.';
CREATE INDEX accounts_super_admins ON accounts (account_id) WHERE role = 'super_admin';

CREATE TABLE account_tokens (
    token_hash bytea PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    purpose text NOT NULL CHECK (purpose IN ('verify', 'reset')),
    expires_at timestamptz NOT NULL
);
CREATE INDEX account_tokens_of_account ON account_tokens (account_id);
CREATE INDEX account_tokens_by_expiry ON account_tokens (expires_at);

CREATE TABLE account_sessions (
    session_id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    refresh_hash bytea NOT NULL,
    agent text NOT NULL,
    opened_at timestamptz NOT NULL,
    refreshed_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE INDEX account_sessions_live ON account_sessions (account_id, refreshed_at)
    WHERE ended_at IS NULL;
CREATE INDEX account_sessions_by_expiry ON account_sessions (expires_at);

CREATE TABLE second_factors (
    account_id uuid PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    sealed_secret bytea NOT NULL,
    begun_at timestamptz NOT NULL,
    confirmed_at timestamptz,
    last_step bigint NOT NULL DEFAULT 0
);
COMMENT ON COLUMN second_factors.last_step IS
    'The latest time step whose code was used; codes of it and of earlier ones are void.';

CREATE TABLE recovery_codes (
    account_id uuid NOT NULL REFERENCES second_factors ON DELETE CASCADE,
    code_hash bytea NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (account_id, code_hash)
);

CREATE TABLE login_challenges (
    challenge_hash bytea PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    epoch integer NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX login_challenges_by_expiry ON login_challenges (expires_at);

CREATE TABLE guesses (
    kind text NOT NULL CHECK (kind IN ('password', 'code', 'mail')),
    who text NOT NULL,
    made integer NOT NULL CHECK (made >= 1),
    free_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    PRIMARY KEY (kind, who)
);
CREATE INDEX guesses_by_age ON guesses (last_at);

CREATE TABLE preferences (
    account_id uuid PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    plastic_free boolean NOT NULL,
    local boolean NOT NULL,
    organic boolean NOT NULL,
    vegan boolean NOT NULL,
    low_carbon boolean NOT NULL,
    fair_trade boolean NOT NULL,
    changed_at timestamptz NOT NULL
);
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    op.execute(
        "DROP TABLE preferences, guesses, login_challenges, recovery_codes, second_factors, "
        "account_sessions, account_tokens, accounts"
    )
