{{ config(order_by='(occurred_at, payout_id)') }}

with source as (
    select
        event_id,
        occurred_at,
        type,
        JSONExtract(
            data,
            'Tuple(payout_id UUID, run_id UUID, vendor_id String, currency String,
             amount_minor Int64)'
        ) as payout
    from {{ source('raw', 'marketplace') }}
    where
        type in ('payout_created', 'payout_paid', 'payout_failed')
        and {{ in_days('occurred_at') }}
    {{ each_event_once() }}
)

select
    event_id,
    occurred_at,
    payout.payout_id as payout_id,
    payout.run_id as run_id,
    payout.vendor_id as vendor_id,
    payout.currency as currency,
    cast(substring(type, 8) as String) as step,
    payout.amount_minor as amount_minor
from source
