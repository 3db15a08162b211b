-- Read as a whole by every run: there are few, and one may be stated after its first order.
{{ config(materialized='view') }}

with source as (
    select
        occurred_at,
        event_id,
        JSONExtract(
            data,
            'Tuple(warehouse_id String, country String,
             latitude Nullable(Float64), longitude Nullable(Float64))'
        ) as stated
    from {{ source('raw', 'inventory') }}
    where type = 'warehouse_changed'
    order by occurred_at desc, event_id desc
    limit 1 by stated.warehouse_id
)

select
    source.stated.warehouse_id as warehouse_id,
    source.stated.country as country,
    source.stated.latitude as latitude,
    source.stated.longitude as longitude
from source
