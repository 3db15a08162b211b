-- Which person each identifier belongs to; written as a whole by the stitching, never by the sink.
-- What is written next stands beside it until it replaces the whole at once.

CREATE DATABASE IF NOT EXISTS people {on_cluster};

CREATE TABLE IF NOT EXISTS people.members {on_cluster}
(
    kind LowCardinality(String),
    identifier String,
    person_id String,
    is_shared UInt8,
    rule_set_version LowCardinality(String)
)
ENGINE = {engine}
ORDER BY (kind, identifier);

CREATE TABLE IF NOT EXISTS people.members_next {on_cluster}
(
    kind LowCardinality(String),
    identifier String,
    person_id String,
    is_shared UInt8,
    rule_set_version LowCardinality(String)
)
ENGINE = {engine}
ORDER BY (kind, identifier);
