-- Written whole: a stock-out of today ends some day, and there are few of them.
{{ config(materialized='table', order_by='(began_at, sku)') }}
{%- set days_before = 28 %}

with ends as (
    select toDateTime64(assumeNotNull(max(end_date)), 3, 'UTC') as end_at
    from {{ ref('int_stock_ends') }}
),

movements as (
    select
        movements.sku as sku,
        movements.occurred_at as occurred_at,
        movements.delta as delta,
        movements.reason as reason,
        movements.on_hand as on_hand,
        ends.end_at as end_at,
        leadInFrame(toNullable(movements.occurred_at)) over (
            partition by movements.sku order by movements.received_at, movements.event_id
            rows between unbounded preceding and unbounded following
        ) as ended_at,
        min(movements.occurred_at) over (partition by movements.sku) as first_at
    from {{ ref('stg_inventory__movements') }} as movements
    cross join ends
    where movements.occurred_at < ends.end_at
),

outs as (
    select
        sku,
        occurred_at as began_at,
        greatest(movements.ended_at, began_at) as ended_at,
        first_at,
        dateDiff('second', began_at, coalesce(movements.ended_at, end_at)) / 86400 as days_between,
        greatest(0, days_between) as days_out
    from movements
    where on_hand = 0
),

sold as (
    select
        sku,
        occurred_at as sold_at,
        -delta as units
    from movements
    where reason = 'order'
),

rates as (
    select
        outs.sku as sku,
        outs.began_at as began_at,
        any(outs.ended_at) as ended_at,
        any(outs.days_out) as days_out,
        sumIf(
            sold.units,
            sold.sold_at <= outs.began_at
            and sold.sold_at > outs.began_at - interval {{ days_before }} day
        ) as units_before,
        least(
            {{ days_before }},
            greatest(1, dateDiff('second', any(outs.first_at), outs.began_at) / 86400)
        ) as days_before
    from outs
    left join sold on outs.sku = sold.sku
    group by outs.sku, outs.began_at
)

select
    rates.sku as sku,
    rates.began_at as began_at,
    rates.ended_at as ended_at,
    toFloat64(rates.days_out) as days_out,
    toFloat64(rates.units_before / rates.days_before) as units_per_day_before,
    toFloat64(units_per_day_before * rates.days_out) as lost_units,
    toInt64(round(lost_units * coalesce(products.list_price_minor, 0))) as lost_sales_minor
from rates
left join {{ ref('dim_products') }} as products on rates.sku = products.sku
