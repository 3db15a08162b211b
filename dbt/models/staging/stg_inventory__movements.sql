{{ config(order_by='(occurred_at, sku)') }}

with source as (
    select
        event_id,
        occurred_at,
        received_at,
        JSONExtract(
            data,
            'Tuple(reason String, reference String, movements Array(Tuple(
                sku String, delta Int64, on_hand Int64
            )))'
        ) as moved
    from {{ source('raw', 'inventory') }}
    where type = 'stock_changed' and {{ in_days('occurred_at') }}
    {{ each_event_once() }}
)

select
    event_id,
    occurred_at,
    received_at,
    moved.reason as reason,
    moved.reference as reference,
    movement.sku as sku,
    movement.delta as delta,
    movement.on_hand as on_hand
from source
array join moved.movements as movement
