{{ config(
    materialized='incremental',
    incremental_strategy='insert_overwrite',
    partition_by='settled_on',
    order_by='(settled_at, checkout_id)'
) }}

select
    checkout_id,
    occurred_at as settled_at,
    toDate(occurred_at) as settled_on,
    subject,
    currency,
    amount_minor,
    outcome
from {{ ref('stg_payments__settled') }}
where {{ in_days('occurred_at') }}
