-- Identifiers are never joined here, so that a late event changes its own day alone.
{{ config(
    materialized='incremental',
    incremental_strategy='insert_overwrite',
    partition_by='day',
    order_by='(day, subject, anonymous_id, device_id, session_id)'
) }}

select distinct
    toDate(occurred_at) as day,
    subject,
    anonymous_id,
    device_id,
    session_id
from {{ ref('stg_clickstream__clicks') }}
where {{ in_days('occurred_at') }}
union distinct
select distinct
    toDate(occurred_at) as day,
    subject,
    '' as anonymous_id,
    device_id,
    session_id
from {{ ref('stg_orders__completed') }}
where {{ in_days('occurred_at') }}
