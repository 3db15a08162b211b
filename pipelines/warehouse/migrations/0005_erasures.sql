-- What was erased of whom, run by run: the receipt of what lies beyond the store.

CREATE TABLE IF NOT EXISTS raw.erasures {on_cluster}
(
    subject String,
    store LowCardinality(String),
    what String,
    rows UInt64,
    erased_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = {engine}
ORDER BY (subject, erased_at);
