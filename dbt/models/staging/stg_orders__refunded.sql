{{ config(order_by='(occurred_at, refund_id)') }}

with source as (
    select
        event_id,
        occurred_at,
        subject,
        JSONExtract(
            data,
            'Tuple(refund_id UUID, order_id UUID, currency String, amount_minor Int64,
             reason String, tax_minor Nullable(Int64))'
        ) as refund
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
