-- Windows end one millisecond before the order: orders of the same instant do not count each other.
{%- set hour_ms = 60 * 60 * 1000 %}
{%- set day_ms = 24 * hour_ms %}
with days as (
    select order_date from {{ ref('int_order_days') }}
),

orders as (
    select
        order_id,
        order_date,
        subject,
        device_id,
        payment_fingerprint,
        total_minor,
        toUnixTimestamp64Milli(ordered_at) as at_ms
    from {{ ref('int_orders') }}
    where
        order_date in (select days.order_date from days)
        or order_date + 1 in (select days.order_date from days)
),

counted as (
    select
        order_id,
        order_date,
        subject,
        device_id,
        payment_fingerprint,
        count() over card_hour as card_hour,
        count() over card_day as card_day,
        sum(total_minor) over card_day as card_amount,
        count() over device_day as device_day,
        count() over shopper_day as shopper_day
    from orders
    window
        card_hour as (
            partition by payment_fingerprint order by at_ms
            range between {{ hour_ms }} preceding and 1 preceding
        ),
        card_day as (
            partition by payment_fingerprint order by at_ms
            range between {{ day_ms }} preceding and 1 preceding
        ),
        device_day as (
            partition by device_id order by at_ms
            range between {{ day_ms }} preceding and 1 preceding
        ),
        shopper_day as (
            partition by subject order by at_ms
            range between {{ day_ms }} preceding and 1 preceding
        )
)

select
    order_id,
    order_date,
    toInt64(if(payment_fingerprint = '', 0, card_hour)) as card_orders_1h,
    toInt64(if(payment_fingerprint = '', 0, card_day)) as card_orders_24h,
    toInt64(if(payment_fingerprint = '', 0, card_amount)) as card_amount_24h_minor,
    toInt64(if(device_id = '', 0, device_day)) as device_orders_24h,
    toInt64(if(subject = '', 0, shopper_day)) as shopper_orders_24h
from counted
where order_date in (select days.order_date from days)
