{{ config(order_by='(occurred_at, refund_id)') }}

with source as (
    select
        event_id,
        occurred_at,
        received_at,
        subject,
        JSONExtract(data, '{{ order_refunded_type() }}') as refund
    from {{ source('raw', 'orders') }}
    where type = 'order_refunded' and {{ in_days('occurred_at') }}
    {{ each_event_once() }}
)

select
    refund.refund_id as refund_id,
    refund.order_id as order_id,
    event_id,
    occurred_at,
    subject,
    refund.currency as currency,
    refund.amount_minor as amount_minor,
    refund.reason as reason,
    refund.tax_minor as tax_minor
from source
where {{ is_usable('order_refunded') }}
