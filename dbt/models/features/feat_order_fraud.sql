{{ config(partition_by='order_date', order_by='(ordered_at, order_id)') }}

with orders as (
    select * from {{ ref('int_orders') }}
    where order_date in (select days.order_date from {{ ref('int_order_days') }} as days)
),

batch as (
    select * from {{ ref('feat_shopper_daily') }}
    where as_of in (select days.order_date from {{ ref('int_order_days') }} as days)
),

instruments as (
    select * from {{ ref('int_shopper_instruments') }}
)

select
    orders.order_id as order_id,
    orders.ordered_at as ordered_at,
    orders.order_date as order_date,
    orders.subject as subject,
    disputes.is_fraud as is_fraud,
    disputes.label_at as label_at,
    orders.total_minor as amount_minor,
    orders.line_count as line_count,
    orders.units as units,
    orders.max_line_minor as max_line_minor,
    toInt64(toHour(orders.ordered_at)) as hour_of_day,
    toInt64(
        orders.ip_country != '' and orders.payment_country != ''
        and orders.ip_country != orders.payment_country
    ) as ip_country_mismatch,
    orders.total_minor / nullIf(batch.mean_amount_90d_minor, 0) as amount_ratio,
    velocity.card_orders_1h as card_orders_1h,
    velocity.card_orders_24h as card_orders_24h,
    velocity.card_amount_24h_minor as card_amount_24h_minor,
    velocity.device_orders_24h as device_orders_24h,
    velocity.shopper_orders_24h as shopper_orders_24h,
    toInt64(cards.identifier != '' and cards.first_used_at < orders.ordered_at) as known_card,
    toInt64(devices.identifier != '' and devices.first_used_at < orders.ordered_at) as known_device,
    batch.orders_90d as orders_90d,
    batch.mean_amount_90d_minor as mean_amount_90d_minor,
    if(batch.subject = '', null, batch.days_since_first_order) as days_since_first_order,
    if(batch.subject = '', null, batch.days_since_last_order) as days_since_last_order,
    batch.refunds_90d as refunds_90d
from orders
left join {{ ref('int_order_velocity') }} as velocity on orders.order_id = velocity.order_id
left join {{ ref('int_order_disputes') }} as disputes on orders.order_id = disputes.order_id
left join batch on orders.subject = batch.subject and orders.order_date = batch.as_of
left join instruments as cards
    on
        orders.subject = cards.subject
        and orders.payment_fingerprint = cards.identifier
        and cards.kind = 'card'
left join instruments as devices
    on
        orders.subject = devices.subject
        and orders.device_id = devices.identifier
        and devices.kind = 'device'
