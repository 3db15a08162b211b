{{ config(order_by='(occurred_at, order_id)') }}

with source as (
    select
        event_id,
        occurred_at,
        received_at,
        JSONExtract(data, '{{ order_cancelled_type() }}') as cancelled
    from {{ source('raw', 'orders') }}
    where type = 'order_cancelled' and {{ in_days('occurred_at') }}
    {{ each_event_once() }}
)

select
    cancelled.order_id as order_id,
    event_id,
    occurred_at,
    cancelled.reason as reason,
    cancelled.currency as currency,
    cancelled.refunded_minor as refunded_minor
from source
where {{ is_usable('order_cancelled') }}
