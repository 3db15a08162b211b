select
    order_id,
    sum(amount_minor) as refunded_minor,
    sum(tax_minor) as tax_refunded_minor,
    count() as refunds
from {{ ref('stg_orders__refunded') }}
group by order_id
