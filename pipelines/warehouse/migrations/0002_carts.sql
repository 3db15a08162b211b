-- Carts.

CREATE TABLE IF NOT EXISTS raw.carts {on_cluster}
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

CREATE MATERIALIZED VIEW IF NOT EXISTS raw.carts_touched_days {on_cluster} TO raw.touched_days AS
SELECT 'carts' AS module, toDate(occurred_at) AS day, max(raw.carts.ingested_at) AS ingested_at,
       count() AS rows
FROM raw.carts GROUP BY day;
