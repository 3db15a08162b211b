-- What was ingested after this run began may be in these counts and not yet in staging.
{{ config(materialized='view') }}
{%- set modules = [
    'catalog', 'orders', 'payments', 'inventory', 'carts', 'identity', 'ledger', 'pricing',
    'business', 'fulfilment', 'returns', 'marketplace', 'social', 'notifications', 'clickstream',
    'decisions'
] %}

with arrivals as (
    {%- for module in modules %}
        select
            '{{ module }}' as source,
            toDate(occurred_at) as day,
            count() as events,
            uniqExact(event_id) as distinct_events,
            countIf(
                '{{ module }}' = 'orders'
                and type not in (
                    'order_completed', 'order_refunded', 'order_cancelled', 'coupon_applied'
                )
            ) as unread,
            countIf(ingested_at > toStartOfDay(occurred_at) + interval 27 hour) as late,
            countIf(
                ingested_at > parseDateTime64BestEffort('{{ run_started_at }}', 3, 'UTC')
            ) as arrived_meanwhile,
            max(occurred_at) as last_occurred_at,
            max(ingested_at) as last_ingested_at
        from {{ source('raw', module) }}
        where {{ in_days('occurred_at') }}
        group by day
        {%- if not loop.last %}
            union all
        {%- endif %}
    {%- endfor %}
)

select
    source,
    day,
    toInt64(events) as events,
    toInt64(events - distinct_events) as duplicates,
    toInt64(unread) as unread,
    toInt64(late) as late,
    toInt64(arrived_meanwhile) as arrived_meanwhile,
    last_occurred_at,
    last_ingested_at
from arrivals
