{{ config(
    materialized='incremental',
    incremental_strategy='insert_overwrite',
    partition_by='booked_on',
    order_by='(booked_on, vendor_id, currency)'
) }}

with parts as (
    select
        booked_on,
        vendor_id,
        currency,
        order_id,
        cause,
        sale_minor as sale,
        commission_minor as commission,
        0 as paid_out,
        0 as payout_returned
    from {{ ref('fct_commission') }}
    where {{ in_days('booked_on') }}
    union all
    select
        toDate(occurred_at) as booked_on,
        vendor_id,
        currency,
        payout_id as order_id,
        'payout' as cause,
        0 as sale,
        0 as commission,
        if(step = 'created', amount_minor, 0) as paid_out,
        if(step = 'failed', amount_minor, 0) as payout_returned
    from {{ ref('stg_marketplace__payouts') }}
    where step != 'paid' and {{ in_days('occurred_at') }}
)

select
    booked_on,
    vendor_id,
    currency,
    toInt64(uniqExactIf(order_id, cause = 'sale')) as orders,
    toInt64(sumIf(sale, cause = 'sale')) as sales_minor,
    toInt64(-sumIf(sale, cause = 'refund')) as refunded_minor,
    toInt64(-sumIf(sale, cause = 'chargeback')) as charged_back_minor,
    toInt64(sumIf(commission, cause = 'sale')) as commission_minor,
    toInt64(-sumIf(commission, cause != 'sale')) as commission_returned_minor,
    toInt64(sum(paid_out)) as paid_out_minor,
    toInt64(sum(payout_returned)) as payout_returned_minor
from parts
group by booked_on, vendor_id, currency
