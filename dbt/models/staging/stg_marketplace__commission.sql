{{ config(order_by='(occurred_at, order_id, vendor_id)') }}

with source as (
    select
        event_id,
        occurred_at,
        type,
        JSONExtract(
            data,
            'Tuple(order_id UUID, vendor_id String, currency String, cause String,
             sale_minor Int64, commission_minor Int64)'
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
    part.sale_minor as sale_minor,
    part.commission_minor as commission_minor
from source
