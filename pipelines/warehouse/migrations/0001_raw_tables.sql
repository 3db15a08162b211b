-- One table per topic, all with the same columns; `data` is the event's own object as JSON.
-- The deduplication window holds the tokens of the sink's latest inserts.

CREATE TABLE IF NOT EXISTS raw.catalog {on_cluster}
(
    event_id UUID,
    type LowCardinality(String),
    version UInt16,
    occurred_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    received_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    subject String CODEC(ZSTD),
    trace_id String CODEC(ZSTD),
    data String CODEC(ZSTD),
    _topic LowCardinality(String),
    _partition Int32,
    _offset Int64 CODEC(Delta, ZSTD),
    ingested_at DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, ZSTD)
)
ENGINE = {engine}
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (type, occurred_at, event_id)
SETTINGS {deduplication_window} = 10000;

CREATE TABLE IF NOT EXISTS raw.orders {on_cluster}
(
    event_id UUID,
    type LowCardinality(String),
    version UInt16,
    occurred_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    received_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    subject String CODEC(ZSTD),
    trace_id String CODEC(ZSTD),
    data String CODEC(ZSTD),
    _topic LowCardinality(String),
    _partition Int32,
    _offset Int64 CODEC(Delta, ZSTD),
    ingested_at DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, ZSTD)
)
ENGINE = {engine}
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (type, occurred_at, event_id)
SETTINGS {deduplication_window} = 10000;

CREATE TABLE IF NOT EXISTS raw.payments {on_cluster}
(
    event_id UUID,
    type LowCardinality(String),
    version UInt16,
    occurred_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    received_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    subject String CODEC(ZSTD),
    trace_id String CODEC(ZSTD),
    data String CODEC(ZSTD),
    _topic LowCardinality(String),
    _partition Int32,
    _offset Int64 CODEC(Delta, ZSTD),
    ingested_at DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, ZSTD)
)
ENGINE = {engine}
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (type, occurred_at, event_id)
SETTINGS {deduplication_window} = 10000;

CREATE TABLE IF NOT EXISTS raw.inventory {on_cluster}
(
    event_id UUID,
    type LowCardinality(String),
    version UInt16,
    occurred_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    received_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    subject String CODEC(ZSTD),
    trace_id String CODEC(ZSTD),
    data String CODEC(ZSTD),
    _topic LowCardinality(String),
    _partition Int32,
    _offset Int64 CODEC(Delta, ZSTD),
    ingested_at DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, ZSTD)
)
ENGINE = {engine}
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (type, occurred_at, event_id)
SETTINGS {deduplication_window} = 10000;

CREATE TABLE IF NOT EXISTS raw.clickstream {on_cluster}
(
    event_id UUID,
    type LowCardinality(String),
    version UInt16,
    occurred_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    received_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    subject String CODEC(ZSTD),
    trace_id String CODEC(ZSTD),
    data String CODEC(ZSTD),
    _topic LowCardinality(String),
    _partition Int32,
    _offset Int64 CODEC(Delta, ZSTD),
    ingested_at DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, ZSTD)
)
ENGINE = {engine}
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (type, occurred_at, event_id)
SETTINGS {deduplication_window} = 10000;

CREATE TABLE IF NOT EXISTS raw.decisions {on_cluster}
(
    event_id UUID,
    type LowCardinality(String),
    version UInt16,
    occurred_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    received_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    subject String CODEC(ZSTD),
    trace_id String CODEC(ZSTD),
    data String CODEC(ZSTD),
    _topic LowCardinality(String),
    _partition Int32,
    _offset Int64 CODEC(Delta, ZSTD),
    ingested_at DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, ZSTD)
)
ENGINE = {engine}
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (type, occurred_at, event_id)
SETTINGS {deduplication_window} = 10000;

CREATE TABLE IF NOT EXISTS raw.dead_letters {on_cluster}
(
    topic LowCardinality(String),
    partition Int32,
    offset Int64,
    reason String,
    schema_version Int32,
    payload String CODEC(ZSTD),
    failed_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = {engine}
ORDER BY (topic, partition, offset)
SETTINGS {deduplication_window} = 10000;

-- Which days events were written to and when: late events dirty exactly these days.
CREATE TABLE IF NOT EXISTS raw.touched_days {on_cluster}
(
    module LowCardinality(String),
    day Date,
    ingested_at DateTime64(3, 'UTC'),
    rows UInt64
)
ENGINE = {engine}
ORDER BY (ingested_at, module, day)
SETTINGS {deduplication_window} = 10000;

CREATE MATERIALIZED VIEW IF NOT EXISTS raw.catalog_touched_days {on_cluster} TO raw.touched_days AS
SELECT 'catalog' AS module, toDate(occurred_at) AS day, max(raw.catalog.ingested_at) AS ingested_at,
       count() AS rows
FROM raw.catalog GROUP BY day;

CREATE MATERIALIZED VIEW IF NOT EXISTS raw.orders_touched_days {on_cluster} TO raw.touched_days AS
SELECT 'orders' AS module, toDate(occurred_at) AS day, max(raw.orders.ingested_at) AS ingested_at,
       count() AS rows
FROM raw.orders GROUP BY day;

CREATE MATERIALIZED VIEW IF NOT EXISTS raw.payments_touched_days {on_cluster} TO raw.touched_days AS
SELECT 'payments' AS module, toDate(occurred_at) AS day, max(raw.payments.ingested_at) AS ingested_at,
       count() AS rows
FROM raw.payments GROUP BY day;

CREATE MATERIALIZED VIEW IF NOT EXISTS raw.inventory_touched_days {on_cluster} TO raw.touched_days AS
SELECT 'inventory' AS module, toDate(occurred_at) AS day, max(raw.inventory.ingested_at) AS ingested_at,
       count() AS rows
FROM raw.inventory GROUP BY day;

CREATE MATERIALIZED VIEW IF NOT EXISTS raw.clickstream_touched_days {on_cluster} TO raw.touched_days AS
SELECT 'clickstream' AS module, toDate(occurred_at) AS day, max(raw.clickstream.ingested_at) AS ingested_at,
       count() AS rows
FROM raw.clickstream GROUP BY day;

CREATE MATERIALIZED VIEW IF NOT EXISTS raw.decisions_touched_days {on_cluster} TO raw.touched_days AS
SELECT 'decisions' AS module, toDate(occurred_at) AS day, max(raw.decisions.ingested_at) AS ingested_at,
       count() AS rows
FROM raw.decisions GROUP BY day;
