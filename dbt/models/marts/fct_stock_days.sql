-- No clock tells the order in which movements of one moment were booked, but each begins with what
-- another one left: what none left is what the day opened with. If as much came as went, every
-- stock of the day could be that, and the first one by the clock is.
{{ config(
    materialized='incremental',
    incremental_strategy='insert_overwrite',
    partition_by='stock_date',
    order_by='(stock_date, sku)'
) }}

with days as (
    select
        toDate(occurred_at) as stock_date,
        sku,
        groupArray(on_hand - delta) as before,
        groupArray(on_hand) as left_over,
        argMin(on_hand - delta, (received_at, event_id)) as first_before,
        sum(delta) as change,
        sumIf(delta, reason = 'receipt') as received_units,
        -sumIf(delta, reason = 'order') as sold_units,
        sumIf(delta, reason = 'return') as returned_units,
        sumIf(delta, reason = 'adjustment') as adjusted_units,
        toUInt8(min(on_hand) = 0) as was_out
    from {{ ref('stg_inventory__movements') }}
    where {{ in_days('occurred_at') }}
    group by stock_date, sku
)

select
    stock_date,
    sku,
    if(
        change = 0,
        first_before,
        arrayFirst(
            units -> countEqual(before, units) > countEqual(left_over, units), before
        )
    ) as opening_units,
    received_units,
    sold_units,
    returned_units,
    adjusted_units,
    opening_units + change as closing_units,
    was_out
from days
