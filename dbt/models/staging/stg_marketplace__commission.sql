{{ config(order_by='(occurred_at, order_id, vendor_id)') }}

with source as (
    select
        event_id,
        occurred_at,
        type,
        JSONExtract(
            data,
            'Tuple(cause_id UUID, order_id UUID, vendor_id String, currency String, cause String,
             sale_minor Int64, commission_minor Int64, lines Array(Tuple(
                line_number UInt16, rate_bp Int64, sale_minor Int64, commission_minor Int64
            )))'
        ) as part
    from {{ source('raw', 'marketplace') }}
    where
        type in ('commission_charged', 'commission_reversed')
        and {{ in_days('occurred_at') }}
    {{ each_event_once() }}
)

select
    event_id,
    occurred_at,
    part.order_id as order_id,
    part.vendor_id as vendor_id,
    part.currency as currency,
    if(type = 'commission_charged', 'sale', part.cause) as cause,
    if(type = 'commission_charged', part.order_id, part.cause_id) as cause_id,
    part.sale_minor as sale_minor,
    part.commission_minor as commission_minor,
    part.lines.line_number as line_numbers,
    part.lines.rate_bp as line_rates_bp,
    part.lines.sale_minor as line_sale_minors,
    part.lines.commission_minor as line_commission_minors
from source
