{{ config(order_by='subject') }}

select
    subject,
    min(ordered_at) as first_order_at,
    max(ordered_at) as last_order_at,
    toInt64(count()) as orders,
    sum(total_minor) as total_minor,
    sum(refunded_minor) as refunded_minor,
    toInt64(sum(disputed)) as disputed_orders,
    argMax(store_id, (ordered_at, order_id)) as last_store_id,
    argMax(area, (ordered_at, order_id)) as last_area
from {{ ref('fct_orders') }}
where subject != ''
group by subject
