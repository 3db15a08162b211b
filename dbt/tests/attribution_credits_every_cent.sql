{{ config(tags=['people']) }}
-- Each rule credits the channels of each order with exactly what was paid for it.
select
    orders.order_id,
    orders.total_minor,
    credits.with_bots
from {{ ref('fct_orders') }} as orders
left join (
    select
        order_id,
        with_bots,
        [
            sum(first_minor),
            sum(last_minor),
            sum(linear_minor),
            sum(time_decay_minor),
            sum(position_minor)
        ] as credited,
        min(first_minor) >= 0 and min(last_minor) >= 0 as are_credits
    from {{ ref('mart_order_attribution') }}
    group by order_id, with_bots
) as credits on orders.order_id = credits.order_id
where
    credits.are_credits = 0
    or credits.credited != arrayWithConstant(5, orders.total_minor)
