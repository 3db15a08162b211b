{{ config(order_by='(occurred_at, order_id, code)') }}

with source as (
    select
        event_id,
        occurred_at,
        received_at,
        JSONExtract(data, '{{ coupon_applied_type() }}') as coupon
    from {{ source('raw', 'orders') }}
    where type = 'coupon_applied' and {{ in_days('occurred_at') }}
    {{ each_event_once() }}
)

select
    coupon.order_id as order_id,
    event_id,
    occurred_at,
    coupon.code as code,
    coupon.currency as currency,
    coupon.amount_minor as amount_minor,
    coupon.lines.line_number as line_numbers,
    coupon.lines.amount_minor as line_amount_minors
from source
where {{ is_usable('coupon_applied') }}
