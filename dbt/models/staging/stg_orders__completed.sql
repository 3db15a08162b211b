{{ config(order_by='(occurred_at, order_id)') }}

with source as (
    select
        event_id,
        occurred_at,
        received_at,
        subject,
        JSONExtract(data, '{{ order_completed_type() }}') as placed
    from {{ source('raw', 'orders') }}
    where type = 'order_completed' and {{ in_days('occurred_at') }}
    {{ each_event_once() }}
)

select
    placed.order_id as order_id,
    event_id,
    occurred_at,
    subject,
    placed.source_ref as source_ref,
    placed.store_id as store_id,
    placed.channel as channel,
    placed.session_id as session_id,
    placed.device_id as device_id,
    placed.ip_country as ip_country,
    placed.destination as destination,
    placed.currency as currency,
    placed.total_minor as total_minor,
    placed.tax_minor as tax_minor,
    placed.payment.method as payment_method,
    placed.payment.fingerprint as payment_fingerprint,
    placed.payment.country as payment_country,
    placed.delivery.mode as delivery_mode,
    placed.delivery.packaging as packaging,
    placed.delivery.distance_km as distance_km,
    placed.delivery.area as area,
    placed.risk as risk,
    placed.risk_decision_id as risk_decision_id,
    placed.lines.line_number as line_numbers,
    placed.lines.sku as skus,
    placed.lines.quantity as quantities,
    placed.lines.unit as line_units,
    placed.lines.list_minor as list_minors,
    placed.lines.discount_minor as discount_minors,
    placed.lines.total_minor as total_minors,
    placed.lines.tax_rate_bp as tax_rate_bps,
    placed.lines.tax_minor as tax_minors
from source
where {{ is_usable('order_completed') }}
