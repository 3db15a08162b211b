-- Read as a whole by every run, as the catalogue is: a vendor's state of today began long ago.
{{ config(materialized='table', partition_by=none, order_by='(vendor_id, occurred_at)') }}

with source as (
    select
        event_id,
        occurred_at,
        received_at,
        JSONExtract(data, 'Tuple(vendor_id String, state String, country String)') as vendor
    from {{ source('raw', 'marketplace') }}
    where
        type in (
            'vendor_applied', 'vendor_review_moved', 'vendor_approved', 'vendor_rejected',
            'vendor_suspended'
        )
    {{ each_event_once() }}
)

select
    event_id,
    occurred_at,
    received_at,
    vendor.vendor_id as vendor_id,
    vendor.state as state,
    vendor.country as country
from source
