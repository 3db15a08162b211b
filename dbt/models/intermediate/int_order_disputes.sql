with disputes as (
    select
        order_id,
        occurred_at,
        reason in ('fraudulent', 'product_not_received') as fraudulent
    from {{ ref('stg_payments__disputed') }}
)

select
    order_id,
    toUInt8(1) as disputed,
    toUInt8(max(fraudulent)) as is_fraud,
    minIfOrNull(occurred_at, fraudulent) as label_at
from disputes
group by order_id
