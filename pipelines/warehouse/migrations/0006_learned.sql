-- What models make of whole marts, written anew as a whole, never by the sink. What is written next
-- stands beside it until it replaces the whole at once.

CREATE DATABASE IF NOT EXISTS learned {on_cluster};

CREATE TABLE IF NOT EXISTS learned.attribution {on_cluster}
(
    with_bots UInt8,
    model LowCardinality(String),
    channel LowCardinality(String),
    share Float64,
    orders Float64,
    credit_minor Int64
)
ENGINE = {engine}
ORDER BY (with_bots, model, channel);

CREATE TABLE IF NOT EXISTS learned.attribution_next {on_cluster}
(
    with_bots UInt8,
    model LowCardinality(String),
    channel LowCardinality(String),
    share Float64,
    orders Float64,
    credit_minor Int64
)
ENGINE = {engine}
ORDER BY (with_bots, model, channel);
