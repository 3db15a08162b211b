{{ config(
    materialized='incremental',
    incremental_strategy='insert_overwrite',
    partition_by='day',
    order_by='(day, department, category, vendor_id, channel, region, currency)'
) }}

with days as (
    select booked_on from {{ ref('int_booking_days') }}
),

commission as (
    select
        order_id,
        line_number,
        booked_on,
        vendor_id,
        sale_minor,
        commission_minor
    from {{ ref('int_commission_lines') }}
    where booked_on in (select days.booked_on from days)
),

booked as (
    select
        order_id,
        line_number,
        booked_on,
        if(cause = 'refund', amount_minor, 0) as refunded_minor,
        if(cause = 'chargeback', amount_minor, 0) as charged_back_minor,
        0 as returned,
        0 as commissioned_minor,
        0 as commission_minor
    from {{ ref('int_reversed_lines') }}
    union all
    select
        order_id,
        line_number,
        booked_on,
        0 as refunded_minor,
        0 as charged_back_minor,
        0 as returned,
        if(vendor_id = '', 0, sale_minor) as commissioned_minor,
        commission_minor
    from commission
    union all
    select
        order_id,
        line_number,
        toDate(occurred_at) as booked_on,
        0 as refunded_minor,
        0 as charged_back_minor,
        restocked + written_off as returned,
        0 as commissioned_minor,
        0 as commission_minor
    from {{ ref('stg_returns__received') }}
    where toDate(occurred_at) in (select days.booked_on from days)
),

parts as (
    select
        order_date as day,
        department,
        category,
        vendor_id,
        region,
        channel,
        currency,
        1 as lines,
        if(unit = 'milli', 1, quantity) as units,
        list_minor,
        discount_minor,
        total_minor as sales_minor,
        0 as refunded_minor,
        0 as charged_back_minor,
        0 as returned_units,
        0 as commissioned_minor,
        0 as commission_minor
    from {{ ref('fct_order_lines') }}
    where order_date in (select days.booked_on from days)
    union all
    select
        booked.booked_on as day,
        lines.department as department,
        lines.category as category,
        lines.vendor_id as vendor_id,
        lines.region as region,
        lines.channel as channel,
        lines.currency as currency,
        0 as lines,
        0 as units,
        0 as list_minor,
        0 as discount_minor,
        0 as sales_minor,
        booked.refunded_minor as refunded_minor,
        booked.charged_back_minor as charged_back_minor,
        if(lines.unit = 'milli', booked.returned > 0, booked.returned) as returned_units,
        booked.commissioned_minor as commissioned_minor,
        booked.commission_minor as commission_minor
    from {{ ref('fct_order_lines') }} as lines
    inner join booked
        on lines.order_id = booked.order_id and lines.line_number = booked.line_number
)

select
    day,
    department,
    category,
    vendor_id,
    region,
    channel,
    currency,
    toInt64(sum(parts.lines)) as lines,
    toInt64(sum(parts.units)) as units,
    toInt64(sum(parts.list_minor)) as list_minor,
    toInt64(sum(parts.discount_minor)) as discount_minor,
    toInt64(sum(parts.sales_minor)) as sales_minor,
    toInt64(sum(parts.refunded_minor)) as refunded_minor,
    toInt64(sum(parts.charged_back_minor)) as charged_back_minor,
    toInt64(sum(parts.returned_units)) as returned_units,
    toInt64(sum(parts.commissioned_minor)) as commissioned_minor,
    toInt64(sum(parts.commission_minor)) as commission_minor
from parts
group by day, department, category, vendor_id, region, channel, currency
