{{ config(
    materialized='incremental',
    incremental_strategy='insert_overwrite',
    partition_by='booked_on',
    order_by='(booked_on, vendor_id, currency)'
) }}

select
    toDate(occurred_at) as booked_on,
    vendor_id,
    currency,
    toInt64(countIf(cause = 'sale')) as orders,
    sumIf(sale_minor, cause = 'sale') as sales_minor,
    sumIf(sale_minor, cause = 'refund') as refunded_minor,
    sumIf(sale_minor, cause = 'chargeback') as charged_back_minor,
    sumIf(commission_minor, cause = 'sale') as commission_minor,
    sumIf(commission_minor, cause != 'sale') as commission_returned_minor
from {{ ref('stg_marketplace__commission') }}
where {{ in_days('occurred_at') }}
group by booked_on, vendor_id, currency
