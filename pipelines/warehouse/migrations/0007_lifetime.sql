-- What the lifetime models expect of each shopper, written anew as a whole by the pipeline.

CREATE TABLE IF NOT EXISTS learned.lifetime {on_cluster}
(
    subject String,
    as_of Date,
    horizon_days UInt16,
    model_version LowCardinality(String),
    purchase_days Int64,
    p_alive Float64,
    expected_purchases Float64,
    expected_purchase_minor Float64,
    expected_value_minor Int64
)
ENGINE = {engine}
ORDER BY subject;

CREATE TABLE IF NOT EXISTS learned.lifetime_next {on_cluster}
(
    subject String,
    as_of Date,
    horizon_days UInt16,
    model_version LowCardinality(String),
    purchase_days Int64,
    p_alive Float64,
    expected_purchases Float64,
    expected_purchase_minor Float64,
    expected_value_minor Int64
)
ENGINE = {engine}
ORDER BY subject;
