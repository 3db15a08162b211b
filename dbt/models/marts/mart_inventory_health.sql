-- Goods leave in the order in which they came: what is left is of the latest receipts.
{{ config(materialized='table', order_by='sku') }}

with rules as (
    select *
    from {{ ref('inventory_rules') }}
    where rule_set_version = '{{ var("inventory_rule_set_version") }}'
),

ends as (
    select
        end_date,
        toDateTime64(end_date, 3, 'UTC') as end_at
    from {{ ref('int_stock_ends') }}
),

ledger as (
    select
        movements.sku as sku,
        any(ends.end_date) as end_date,
        sum(movements.delta) as on_hand_units,
        -sumIf(
            movements.delta,
            movements.reason = 'order' and movements.occurred_at >= ends.end_date - 28
        ) as sold_units_28_days,
        maxIf(toNullable(movements.occurred_at), movements.reason = 'order') as last_sold_at,
        min(movements.occurred_at) as first_at,
        arrayReverseSort(
            groupArrayIf(
                (toDate(movements.occurred_at), movements.delta),
                movements.delta > 0 and movements.reason != 'order'
            )
        ) as came,
        -- What the earlier ones brought is gone before the later ones are touched.
        arrayMap(
            (receipt, up_to) -> (
                dateDiff('day', receipt.1, end_date),
                greatest(0, least(receipt.2, on_hand_units - (up_to - receipt.2)))
            ),
            came,
            arrayCumSum(came.2)
        ) as left_by_age
    from {{ ref('stg_inventory__movements') }} as movements
    cross join ends
    where movements.occurred_at < ends.end_at
    group by movements.sku
),

measured as (
    select
        ledger.*,
        arraySum(part -> if(part.1 <= 30, part.2, 0), left_by_age) as to_30_days,
        arraySum(part -> if(part.1 <= 90, part.2, 0), left_by_age) as to_90_days,
        arraySum(part -> if(part.1 <= 180, part.2, 0), left_by_age) as to_180_days,
        sold_units_28_days / 28 as daily_units,
        if(daily_units > 0, on_hand_units / daily_units, null) as days_of_cover,
        dateDiff('day', coalesce(toDate(last_sold_at), toDate(first_at)), end_date) as idle_days
    from ledger
)

select
    measured.sku as sku,
    measured.end_date as as_of,
    measured.on_hand_units as on_hand_units,
    measured.sold_units_28_days as sold_units_28_days,
    toNullable(toFloat64(measured.days_of_cover)) as days_of_cover,
    measured.last_sold_at as last_sold_at,
    toInt64(measured.to_30_days) as units_to_30_days,
    toInt64(measured.to_90_days - measured.to_30_days) as units_to_90_days,
    toInt64(measured.to_180_days - measured.to_90_days) as units_to_180_days,
    toInt64(measured.on_hand_units - measured.to_180_days) as units_older,
    toInt64(measured.on_hand_units * coalesce(products.list_price_minor, 0)) as list_value_minor,
    multiIf(
        measured.on_hand_units = 0, 'out',
        measured.idle_days > rules.dead_days, 'dead',
        measured.days_of_cover is null, 'slow',
        measured.days_of_cover < rules.low_days, 'low',
        measured.days_of_cover > rules.over_days, 'over',
        'healthy'
    ) as health,
    rules.rule_set_version as rule_set_version
from measured
cross join rules
left join {{ ref('dim_products') }} as products on measured.sku = products.sku
