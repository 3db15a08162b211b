-- Read as a whole by every run: promotions are few, and may be stated long before they begin.
{{ config(materialized='table', partition_by=none, order_by='code') }}

with source as (
    select
        event_id,
        occurred_at,
        JSONExtract(
            data,
            'Tuple(code String, kind String, value Int64, currency String, department String,
             min_total_minor Int64, starts_at String, ends_at Nullable(String),
             max_uses Nullable(Int64), max_uses_per_shopper Nullable(Int64), stackable Bool)'
        ) as promotion
    from {{ source('raw', 'catalog') }}
    where type = 'promotion_created'
    {{ each_event_once() }}
)

select
    promotion.code as code,
    event_id,
    occurred_at,
    promotion.kind as kind,
    promotion.value as value,
    promotion.currency as currency,
    promotion.department as department,
    promotion.min_total_minor as min_total_minor,
    parseDateTime64BestEffort(promotion.starts_at, 3, 'UTC') as starts_at,
    parseDateTime64BestEffortOrNull(promotion.ends_at, 3, 'UTC') as ends_at,
    promotion.max_uses as max_uses,
    promotion.max_uses_per_shopper as max_uses_per_shopper,
    toUInt8(promotion.stackable) as is_stackable
from source
