{{ config(materialized='table', order_by='(subject, day)') }}

with orders as (
    select
        subject,
        order_date as day,
        count() as orders,
        sum(total_minor) as amount_minor
    from {{ ref('int_orders') }}
    where subject != ''
    group by subject, day
),

refunds as (
    select
        subject,
        toDate(occurred_at) as day,
        count() as refunds
    from {{ ref('stg_orders__refunded') }}
    where subject != ''
    group by subject, day
),

days as (
    select
        subject,
        day,
        orders,
        amount_minor,
        0 as refunds
    from orders
    union all
    select
        subject,
        day,
        0 as orders,
        0 as amount_minor,
        refunds
    from refunds
)

select
    subject,
    day,
    toInt64(sum(days.orders)) as orders,
    toInt64(sum(days.amount_minor)) as amount_minor,
    toInt64(sum(days.refunds)) as refunds
from days
group by subject, day
