{{ config(order_by='(occurred_at, checkout_id)') }}

with source as (
    select
        event_id,
        occurred_at,
        subject,
        JSONExtract(
            data,
            'Tuple(checkout_id UUID, currency String, amount_minor Int64, outcome String)'
        ) as settlement
    from {{ source('raw', 'payments') }}
    where type = 'payment_settled' and {{ in_days('occurred_at') }}
    {{ each_event_once() }}
)

select
    settlement.checkout_id as checkout_id,
    event_id,
    occurred_at,
    subject,
    settlement.currency as currency,
    settlement.amount_minor as amount_minor,
    settlement.outcome as outcome
from source
