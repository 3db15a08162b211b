-- The last word about each review: what it gives, if anybody may see it.
with reviews as (
    select
        told.review_id as review_id,
        anyIf(told.order_id, told.order_id is not null) as order_id,
        anyIf(told.vendor_id, told.order_id is not null) as vendor_id,
        argMax(told.rating, (told.received_at, told.event_id)) as rating,
        argMax(told.state, (told.received_at, told.event_id)) as state
    from {{ ref('stg_social__reviews') }} as told
    group by told.review_id
)

select
    order_id,
    vendor_id,
    toInt64(count()) as ratings,
    sum(rating) as stars
from reviews
where state = 'published'
group by order_id, vendor_id
