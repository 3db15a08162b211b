-- The modules of the store beside catalogue, orders and carts: tables as all the others.

CREATE TABLE IF NOT EXISTS raw.identity {on_cluster} AS raw.orders
ENGINE = {engine}
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (type, occurred_at, event_id)
SETTINGS {deduplication_window} = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS raw.identity_touched_days {on_cluster} TO raw.touched_days AS
SELECT 'identity' AS module, toDate(occurred_at) AS day, max(raw.identity.ingested_at) AS ingested_at,
       count() AS rows
FROM raw.identity GROUP BY day;

CREATE TABLE IF NOT EXISTS raw.ledger {on_cluster} AS raw.orders
ENGINE = {engine}
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (type, occurred_at, event_id)
SETTINGS {deduplication_window} = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS raw.ledger_touched_days {on_cluster} TO raw.touched_days AS
SELECT 'ledger' AS module, toDate(occurred_at) AS day, max(raw.ledger.ingested_at) AS ingested_at,
       count() AS rows
FROM raw.ledger GROUP BY day;

CREATE TABLE IF NOT EXISTS raw.pricing {on_cluster} AS raw.orders
ENGINE = {engine}
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (type, occurred_at, event_id)
SETTINGS {deduplication_window} = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS raw.pricing_touched_days {on_cluster} TO raw.touched_days AS
SELECT 'pricing' AS module, toDate(occurred_at) AS day, max(raw.pricing.ingested_at) AS ingested_at,
       count() AS rows
FROM raw.pricing GROUP BY day;

CREATE TABLE IF NOT EXISTS raw.business {on_cluster} AS raw.orders
ENGINE = {engine}
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (type, occurred_at, event_id)
SETTINGS {deduplication_window} = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS raw.business_touched_days {on_cluster} TO raw.touched_days AS
SELECT 'business' AS module, toDate(occurred_at) AS day, max(raw.business.ingested_at) AS ingested_at,
       count() AS rows
FROM raw.business GROUP BY day;

CREATE TABLE IF NOT EXISTS raw.fulfilment {on_cluster} AS raw.orders
ENGINE = {engine}
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (type, occurred_at, event_id)
SETTINGS {deduplication_window} = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS raw.fulfilment_touched_days {on_cluster} TO raw.touched_days AS
SELECT 'fulfilment' AS module, toDate(occurred_at) AS day, max(raw.fulfilment.ingested_at) AS ingested_at,
       count() AS rows
FROM raw.fulfilment GROUP BY day;

CREATE TABLE IF NOT EXISTS raw.returns {on_cluster} AS raw.orders
ENGINE = {engine}
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (type, occurred_at, event_id)
SETTINGS {deduplication_window} = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS raw.returns_touched_days {on_cluster} TO raw.touched_days AS
SELECT 'returns' AS module, toDate(occurred_at) AS day, max(raw.returns.ingested_at) AS ingested_at,
       count() AS rows
FROM raw.returns GROUP BY day;

CREATE TABLE IF NOT EXISTS raw.marketplace {on_cluster} AS raw.orders
ENGINE = {engine}
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (type, occurred_at, event_id)
SETTINGS {deduplication_window} = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS raw.marketplace_touched_days {on_cluster} TO raw.touched_days AS
SELECT 'marketplace' AS module, toDate(occurred_at) AS day, max(raw.marketplace.ingested_at) AS ingested_at,
       count() AS rows
FROM raw.marketplace GROUP BY day;

CREATE TABLE IF NOT EXISTS raw.social {on_cluster} AS raw.orders
ENGINE = {engine}
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (type, occurred_at, event_id)
SETTINGS {deduplication_window} = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS raw.social_touched_days {on_cluster} TO raw.touched_days AS
SELECT 'social' AS module, toDate(occurred_at) AS day, max(raw.social.ingested_at) AS ingested_at,
       count() AS rows
FROM raw.social GROUP BY day;

CREATE TABLE IF NOT EXISTS raw.notifications {on_cluster} AS raw.orders
ENGINE = {engine}
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (type, occurred_at, event_id)
SETTINGS {deduplication_window} = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS raw.notifications_touched_days {on_cluster} TO raw.touched_days AS
SELECT 'notifications' AS module, toDate(occurred_at) AS day, max(raw.notifications.ingested_at) AS ingested_at,
       count() AS rows
FROM raw.notifications GROUP BY day;
