{{ config(
    materialized='incremental',
    incremental_strategy='insert_overwrite',
    partition_by='disputed_on',
    order_by='(disputed_at, dispute_id)'
) }}

select
    dispute_id,
    order_id,
    occurred_at as disputed_at,
    toDate(occurred_at) as disputed_on,
    subject,
    currency,
    amount_minor,
    reason
from {{ ref('stg_payments__disputed') }}
where {{ in_days('occurred_at') }}
