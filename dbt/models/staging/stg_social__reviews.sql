{{ config(order_by='(occurred_at, review_id)') }}

with source as (
    select
        event_id,
        occurred_at,
        received_at,
        JSONExtract(
            data,
            'Tuple(review_id UUID, order_id UUID, product_id String, vendor_id String, rating Int64,
             state String, decision String)'
        ) as review
    from {{ source('raw', 'social') }}
    where
        type in ('review_posted', 'review_edited', 'review_deleted', 'review_moderated')
        and {{ in_days('occurred_at') }}
    {{ each_event_once() }}
)

select
    event_id,
    occurred_at,
    received_at,
    review.review_id as review_id,
    nullIf(review.order_id, toUUID('00000000-0000-0000-0000-000000000000')) as order_id,
    review.product_id as product_id,
    review.vendor_id as vendor_id,
    review.rating as rating,
    if(review.decision != '', review.decision, review.state) as state
from source
