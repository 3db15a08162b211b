-- Whoever placed it: an order was paid for, also a robot's.
select
    order_id,
    subject,
    store_id,
    ordered_at,
    order_date,
    total_minor - refunded_minor as net_minor
from {{ ref('fct_orders') }}
where subject != '' and is_cancelled = 0
