{{ config(
    materialized='incremental',
    incremental_strategy='insert_overwrite',
    partition_by='order_date',
    order_by='(ordered_at, order_id)'
) }}

with orders as (
    select * from {{ ref('int_orders') }}
    where order_date in (select days.order_date from {{ ref('int_order_days') }} as days)
)

select
    orders.order_id as order_id,
    orders.source_ref as source_ref,
    orders.subject as subject,
    orders.store_id as store_id,
    orders.channel as channel,
    orders.currency as currency,
    orders.ordered_at as ordered_at,
    orders.order_date as order_date,
    orders.line_count as line_count,
    orders.units as units,
    orders.list_minor as list_minor,
    orders.discount_minor as discount_minor,
    orders.total_minor as total_minor,
    orders.tax_minor as tax_minor,
    refunds.refunded_minor as refunded_minor,
    if(orders.tax_minor is null, null, coalesce(refunds.tax_refunded_minor, 0))
        as tax_refunded_minor,
    cancellations.is_cancelled as is_cancelled,
    disputes.disputed as disputed,
    orders.payment_fingerprint as payment_fingerprint,
    orders.payment_country as payment_country,
    orders.device_id as device_id,
    orders.ip_country as ip_country,
    orders.destination as destination,
    orders.area as area,
    orders.packaging as packaging,
    orders.delivery_mode as delivery_mode,
    orders.distance_km as distance_km,
    orders.risk as risk
from orders
left join {{ ref('int_order_refunds') }} as refunds on orders.order_id = refunds.order_id
left join
    {{ ref('int_order_cancellations') }} as cancellations
    on orders.order_id = cancellations.order_id
left join {{ ref('int_order_disputes') }} as disputes on orders.order_id = disputes.order_id
