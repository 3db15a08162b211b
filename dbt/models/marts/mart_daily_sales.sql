{{ config(
    materialized='incremental',
    incremental_strategy='insert_overwrite',
    partition_by='order_date',
    order_by='(order_date, store_id, department)'
) }}

select
    order_date,
    store_id,
    department,
    toInt64(uniqExact(order_id)) as orders,
    toInt64(count()) as lines,
    sum(if(unit = 'milli', 1, quantity)) as units,
    sum(total_minor) as sales_minor,
    sum(discount_minor) as discount_minor
from {{ ref('fct_order_lines') }}
where {{ in_days('order_date') }}
group by order_date, store_id, department
