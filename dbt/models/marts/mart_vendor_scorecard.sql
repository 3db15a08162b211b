-- Written whole: what becomes of an order counts for the month in which it was placed.
{{ config(materialized='table', order_by='(placed_month, vendor_id)') }}

with parts as (
    select
        order_id,
        vendor_id,
        min(occurred_at) as placed_at
    from {{ ref('stg_marketplace__commission') }}
    where cause = 'sale'
    group by order_id, vendor_id
),

shipped as (
    select
        order_id,
        min(seconds_since_order) as seconds_to_ship
    from {{ ref('stg_fulfilment__shipments') }}
    where event = 'shipment_status_changed' and status != 'delivery_failed'
    group by order_id
),

returned as (
    select
        received.order_id as order_id,
        products.vendor_id as vendor_id
    from {{ ref('stg_returns__received') }} as received
    inner join {{ ref('dim_products') }} as products on received.sku = products.sku
    group by order_id, vendor_id
),

outcomes as (
    select
        toStartOfMonth(parts.placed_at) as placed_month,
        parts.vendor_id as vendor_id,
        cancellations.is_cancelled = 1 as is_cancelled,
        returned.order_id = parts.order_id as is_returned,
        disputes.disputed = 1 as is_disputed,
        shipped.order_id = parts.order_id as is_shipped,
        shipped.seconds_to_ship as seconds_to_ship,
        ratings.ratings as ratings,
        ratings.stars as stars
    from parts
    left join {{ ref('int_order_cancellations') }} as cancellations
        on parts.order_id = cancellations.order_id
    left join returned
        on parts.order_id = returned.order_id and parts.vendor_id = returned.vendor_id
    left join {{ ref('int_order_disputes') }} as disputes on parts.order_id = disputes.order_id
    left join shipped on parts.order_id = shipped.order_id
    left join {{ ref('int_vendor_ratings') }} as ratings
        on parts.order_id = ratings.order_id and parts.vendor_id = ratings.vendor_id
)

select
    placed_month,
    vendor_id,
    toInt64(count()) as orders,
    toInt64(countIf(is_cancelled)) as cancelled,
    toInt64(countIf(is_returned)) as returned,
    toInt64(countIf(is_disputed)) as disputed,
    toInt64(countIf(is_shipped)) as shipped,
    toInt64(sumIf(seconds_to_ship, is_shipped)) as seconds_to_ship,
    toInt64(sum(ratings)) as ratings,
    toInt64(sum(stars)) as stars
from outcomes
group by placed_month, vendor_id
