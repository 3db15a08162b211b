{{ config(order_by='(vendor_id, valid_from)') }}

with stated as (
    select
        *,
        lagInFrame(toNullable(state)) over (
            partition by vendor_id order by received_at, event_id
            rows between unbounded preceding and current row
        ) as state_before
    from {{ ref('stg_marketplace__vendors') }}
)

select
    vendor_id,
    occurred_at as valid_from,
    leadInFrame(toNullable(occurred_at)) over (
        partition by vendor_id order by received_at, event_id
        rows between unbounded preceding and unbounded following
    ) as valid_to,
    state,
    country,
    toUInt8(valid_to is null) as is_current
from stated
where state_before is null or state_before != state
