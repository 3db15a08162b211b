{{ config(materialized='table', order_by='order_date') }}

-- A refund, a dispute or a cancellation of the run's days changes an order of an earlier day, and
-- thereby that day.
select distinct toDate(occurred_at) as order_date
from {{ ref('stg_orders__completed') }}
where
    {{ in_days('occurred_at') }}
    or order_id in (
        select order_id from {{ ref('stg_orders__refunded') }}
        where {{ in_days('occurred_at') }}
        union all
        select order_id from {{ ref('stg_orders__cancelled') }}
        where {{ in_days('occurred_at') }}
        union all
        select order_id from {{ ref('stg_payments__disputed') }}
        where {{ in_days('occurred_at') }}
    )
