{{ config(
    materialized='incremental',
    incremental_strategy='insert_overwrite',
    partition_by='stock_date',
    order_by='(stock_date, sku)'
) }}

select
    toDate(occurred_at) as stock_date,
    sku,
    argMin(on_hand - delta, (received_at, event_id)) as opening_units,
    sumIf(delta, reason = 'receipt') as received_units,
    -sumIf(delta, reason = 'order') as sold_units,
    sumIf(delta, reason = 'return') as returned_units,
    sumIf(delta, reason = 'adjustment') as adjusted_units,
    argMax(on_hand, (received_at, event_id)) as closing_units,
    toUInt8(min(on_hand) = 0) as was_out
from {{ ref('stg_inventory__movements') }}
where {{ in_days('occurred_at') }}
group by stock_date, sku
