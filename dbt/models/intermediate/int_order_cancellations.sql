select
    order_id,
    toUInt8(1) as is_cancelled
from {{ ref('stg_orders__cancelled') }}
