-- Months without anybody are rows of zeros, until the last month in which anyone of the store's
-- shoppers ordered.
{{ config(order_by='(store_id, cohort_month, month_number)') }}

with firsts as (
    select
        subject,
        argMin(store_id, (ordered_at, order_id)) as first_store_id,
        toStartOfMonth(min(order_date)) as first_month
    from {{ ref('int_purchases') }}
    group by subject
),

active as (
    select
        firsts.first_store_id as first_store_id,
        firsts.first_month as first_month,
        dateDiff('month', firsts.first_month, purchases.order_date) as months_later,
        uniqExact(purchases.subject) as shoppers,
        count() as orders,
        sum(purchases.net_minor) as net_minor,
        max(toStartOfMonth(purchases.order_date)) as latest
    from {{ ref('int_purchases') }} as purchases
    inner join firsts on purchases.subject = firsts.subject
    group by first_store_id, first_month, months_later
),

ends as (
    select
        first_store_id,
        max(latest) as last_month
    from active
    group by first_store_id
),

triangle as (
    select
        active.first_store_id as first_store_id,
        active.first_month as first_month,
        active.shoppers as cohort_shoppers,
        arrayJoin(
            range(toUInt64(1 + dateDiff('month', active.first_month, ends.last_month)))
        ) as months_later
    from active
    inner join ends on active.first_store_id = ends.first_store_id
    where active.months_later = 0
)

select
    triangle.first_store_id as store_id,
    triangle.first_month as cohort_month,
    toInt64(triangle.months_later) as month_number,
    toInt64(triangle.cohort_shoppers) as cohort_shoppers,
    toInt64(active.shoppers) as shoppers,
    toInt64(active.orders) as orders,
    toInt64(active.net_minor) as net_minor,
    active.shoppers / triangle.cohort_shoppers as retention
from triangle
left join active
    on
        triangle.first_store_id = active.first_store_id
        and triangle.first_month = active.first_month
        and triangle.months_later = active.months_later
