{{ config(
    materialized='incremental',
    incremental_strategy='insert_overwrite',
    partition_by='booked_on',
    order_by='(booked_on, vendor_id, currency)'
) }}

with parts as (
    select
        toDate(occurred_at) as booked_on,
        vendor_id,
        currency,
        cause,
        sale_minor as sale,
        commission_minor as commission
    from {{ ref('stg_marketplace__commission') }}
    where {{ in_days('occurred_at') }}
)

select
    booked_on,
    vendor_id,
    currency,
    toInt64(countIf(cause = 'sale')) as orders,
    sumIf(sale, cause = 'sale') as sales_minor,
    sumIf(sale, cause = 'refund') as refunded_minor,
    sumIf(sale, cause = 'chargeback') as charged_back_minor,
    sumIf(commission, cause = 'sale') as commission_minor,
    sumIf(commission, cause != 'sale') as commission_returned_minor
from parts
group by booked_on, vendor_id, currency
