{{ config(materialized='view') }}

with source as (
    select
        event_id,
        occurred_at,
        JSONExtract(
            data,
            'Tuple(order_id UUID, lines Array(Tuple(
                line_number UInt16, sku String, warehouse_id String, units Int64
            )))'
        ) as allocated
    from {{ source('raw', 'inventory') }}
    where type = 'stock_allocated'
    {{ each_event_once() }}
)

select
    event_id,
    occurred_at,
    allocated.order_id as order_id,
    line.line_number as line_number,
    line.sku as sku,
    line.warehouse_id as warehouse_id,
    line.units as units
from source
array join allocated.lines as line
