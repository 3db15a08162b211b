{{ config(materialized='table', order_by='booked_on') }}

-- What is booked of an order has the order's attributes: an order of the run's days brings back the
-- days on which its refunds, chargebacks, returns and commission were booked.
with booked as (
    select
        order_id,
        toDate(occurred_at) as booked_on
    from {{ ref('stg_orders__refunded') }}
    union all
    select
        order_id,
        toDate(occurred_at) as booked_on
    from {{ ref('stg_payments__disputed') }}
    union all
    select
        order_id,
        toDate(occurred_at) as booked_on
    from {{ ref('stg_marketplace__commission') }}
    union all
    select
        order_id,
        toDate(occurred_at) as booked_on
    from {{ ref('stg_returns__received') }}
),

of_the_run as (
    select
        order_id,
        toDate(occurred_at) as booked_on
    from {{ ref('stg_orders__completed') }}
    where {{ in_days('occurred_at') }}
)

select distinct booked_on
from booked
where
    {{ in_days('booked_on') }}
    or order_id in (select of_the_run.order_id from of_the_run)
union distinct
select distinct booked_on from of_the_run
