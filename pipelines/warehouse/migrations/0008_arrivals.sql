-- What arrived of late is found without reading what arrived before: rows lie in the order of their
-- events, and each part of a table holds what arrived within a span of time.

ALTER TABLE raw.catalog {on_cluster}
    ADD INDEX IF NOT EXISTS arrived ingested_at TYPE minmax GRANULARITY 4;

ALTER TABLE raw.orders {on_cluster}
    ADD INDEX IF NOT EXISTS arrived ingested_at TYPE minmax GRANULARITY 4;

ALTER TABLE raw.payments {on_cluster}
    ADD INDEX IF NOT EXISTS arrived ingested_at TYPE minmax GRANULARITY 4;

ALTER TABLE raw.inventory {on_cluster}
    ADD INDEX IF NOT EXISTS arrived ingested_at TYPE minmax GRANULARITY 4;

ALTER TABLE raw.clickstream {on_cluster}
    ADD INDEX IF NOT EXISTS arrived ingested_at TYPE minmax GRANULARITY 4;

ALTER TABLE raw.decisions {on_cluster}
    ADD INDEX IF NOT EXISTS arrived ingested_at TYPE minmax GRANULARITY 4;

ALTER TABLE raw.carts {on_cluster}
    ADD INDEX IF NOT EXISTS arrived ingested_at TYPE minmax GRANULARITY 4;

ALTER TABLE raw.identity {on_cluster}
    ADD INDEX IF NOT EXISTS arrived ingested_at TYPE minmax GRANULARITY 4;

ALTER TABLE raw.ledger {on_cluster}
    ADD INDEX IF NOT EXISTS arrived ingested_at TYPE minmax GRANULARITY 4;

ALTER TABLE raw.pricing {on_cluster}
    ADD INDEX IF NOT EXISTS arrived ingested_at TYPE minmax GRANULARITY 4;

ALTER TABLE raw.business {on_cluster}
    ADD INDEX IF NOT EXISTS arrived ingested_at TYPE minmax GRANULARITY 4;

ALTER TABLE raw.fulfilment {on_cluster}
    ADD INDEX IF NOT EXISTS arrived ingested_at TYPE minmax GRANULARITY 4;

ALTER TABLE raw.returns {on_cluster}
    ADD INDEX IF NOT EXISTS arrived ingested_at TYPE minmax GRANULARITY 4;

ALTER TABLE raw.marketplace {on_cluster}
    ADD INDEX IF NOT EXISTS arrived ingested_at TYPE minmax GRANULARITY 4;

ALTER TABLE raw.social {on_cluster}
    ADD INDEX IF NOT EXISTS arrived ingested_at TYPE minmax GRANULARITY 4;

ALTER TABLE raw.notifications {on_cluster}
    ADD INDEX IF NOT EXISTS arrived ingested_at TYPE minmax GRANULARITY 4;
