{{ config(partition_by='sales_date', order_by='(sku, sales_date)') }}

with lines as (
    select * from {{ ref('fct_order_lines') }}
    where {{ in_days('order_date') }}
)

select
    sku,
    order_date as sales_date,
    sum(if(unit = 'milli', 1, quantity)) as units,
    toInt64(uniqExact(order_id)) as orders,
    toInt64(count()) as lines,
    sum(total_minor) as sales_minor,
    sum(discount_minor) as discount_minor,
    countIf(lines.discount_minor > 0) / count() as promoted_share
from lines
group by sku, order_date
