{{ config(
    materialized='incremental',
    incremental_strategy='insert_overwrite',
    partition_by='order_date',
    order_by='(order_date, department, currency)'
) }}

select
    order_date,
    part as department,
    currency,
    toInt64(uniqExact(order_id)) as orders,
    sum(total_minor) as sales_minor,
    sum(margin_minor) as margin_minor
from {{ ref('fct_order_lines') }}
array join arrayDistinct(['', department]) as part
where {{ in_days('order_date') }}
group by order_date, part, currency
