{{ config(order_by='(created_on, payout_id)') }}

select
    payout_id,
    any(run_id) as run_id,
    any(vendor_id) as vendor_id,
    any(currency) as currency,
    any(amount_minor) as amount_minor,
    min(occurred_at) as created_at,
    toDate(created_at) as created_on,
    multiIf(max(step = 'paid') = 1, 'paid', max(step = 'failed') = 1, 'failed', 'created') as state,
    maxIfOrNull(occurred_at, step != 'created') as closed_at
from {{ ref('stg_marketplace__payouts') }}
group by payout_id
