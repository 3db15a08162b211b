"""What every domain stands on: connections, callers, errors, idempotency, and the outbox."""
