{{ config(
    materialized='incremental',
    incremental_strategy='insert_overwrite',
    partition_by='booked_on',
    order_by='(booked_at, order_id, cause_id, line_number)'
) }}

select
    order_id,
    line_number,
    vendor_id,
    cause,
    cause_id,
    currency,
    booked_at,
    booked_on,
    rate_bp,
    sale_minor,
    commission_minor
from {{ ref('int_commission_lines') }}
where {{ in_days('booked_at') }}
