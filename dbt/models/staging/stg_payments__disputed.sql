{{ config(order_by='(occurred_at, dispute_id)') }}

with source as (
    select
        event_id,
        occurred_at,
        subject,
        JSONExtract(
            data,
            'Tuple(dispute_id UUID, order_id UUID, currency String, amount_minor Int64,
             reason String)'
        ) as dispute
    from {{ source('raw', 'payments') }}
    where type = 'payment_disputed' and {{ in_days('occurred_at') }}
    {{ each_event_once() }}
)

select
    dispute.dispute_id as dispute_id,
    dispute.order_id as order_id,
    event_id,
    occurred_at,
    subject,
    dispute.currency as currency,
    dispute.amount_minor as amount_minor,
    dispute.reason as reason
from source
