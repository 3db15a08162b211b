-- A view: what the models write shows at once, and no run of dbt has to wait for them.
{{ config(materialized='view') }}

select
    shoppers.subject as subject,
    shoppers.first_order_date as first_order_date,
    toStartOfMonth(shoppers.first_order_date) as cohort_month,
    shoppers.last_order_date as last_order_date,
    shoppers.segment as segment,
    shoppers.is_churned as is_churned,
    shoppers.orders as orders,
    shoppers.net_minor as net_minor,
    ahead.as_of as expected_from,
    ahead.horizon_days as horizon_days,
    cast(ahead.model_version as String) as model_version,
    ahead.p_alive as p_alive,
    ahead.expected_purchases as expected_purchases,
    ahead.expected_purchase_minor as expected_purchase_minor,
    ahead.expected_value_minor as expected_value_minor
from {{ source('expectations', 'lifetime') }} as ahead
inner join {{ ref('mart_shopper_rfm') }} as shoppers on ahead.subject = shoppers.subject
