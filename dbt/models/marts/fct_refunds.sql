{{ config(
    materialized='incremental',
    incremental_strategy='insert_overwrite',
    partition_by='refunded_on',
    order_by='(refunded_at, refund_id)'
) }}

select
    refund_id,
    order_id,
    occurred_at as refunded_at,
    toDate(occurred_at) as refunded_on,
    subject,
    currency,
    amount_minor,
    reason
from {{ ref('stg_orders__refunded') }}
where {{ in_days('occurred_at') }}
