{{ config(
    materialized='incremental',
    incremental_strategy='insert_overwrite',
    partition_by='stock_date',
    order_by='(stock_date, sku)'
) }}

select
    toDate(occurred_at) as stock_date,
    sku,
    sumIf(delta, reason = 'receipt') as received_units,
    -sumIf(delta, reason = 'order') as sold_units,
    sumIf(delta, reason = 'return') as returned_units,
    sumIf(delta, reason = 'adjustment') as adjusted_units,
    sum(delta) as change_units,
    toUInt8(min(on_hand) = 0) as was_out
from {{ ref('stg_inventory__movements') }}
where {{ in_days('occurred_at') }}
group by stock_date, sku
