{{ config(order_by='(occurred_at, shipment_id)') }}

with source as (
    select
        event_id,
        occurred_at,
        type,
        JSONExtract(
            data,
            'Tuple(shipment_id UUID, order_id UUID, carrier String, before String,
             status String, seconds_since_order Int64)'
        ) as shipment
    from {{ source('raw', 'fulfilment') }}
    where
        type in ('shipment_created', 'shipment_status_changed', 'shipment_delivered')
        and {{ in_days('occurred_at') }}
    {{ each_event_once() }}
)

select
    event_id,
    occurred_at,
    cast(type as String) as event,
    shipment.shipment_id as shipment_id,
    shipment.order_id as order_id,
    shipment.carrier as carrier,
    shipment.before as status_before,
    shipment.status as status,
    shipment.seconds_since_order as seconds_since_order
from source
