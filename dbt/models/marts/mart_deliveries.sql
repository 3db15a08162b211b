{{ config(
    materialized='incremental',
    incremental_strategy='insert_overwrite',
    partition_by='happened_on',
    order_by='(happened_on, carrier)'
) }}

select
    toDate(occurred_at) as happened_on,
    carrier,
    toInt64(countIf(event = 'shipment_created')) as created,
    toInt64(countIf(event = 'shipment_delivered')) as delivered,
    toInt64(countIf(status = 'delivery_failed')) as failed_attempts,
    toInt64(countIf(status = 'sent_back')) as sent_back,
    sumIf(seconds_since_order, event = 'shipment_delivered') as seconds_to_the_door
from {{ ref('stg_fulfilment__shipments') }}
where {{ in_days('occurred_at') }}
group by happened_on, carrier
