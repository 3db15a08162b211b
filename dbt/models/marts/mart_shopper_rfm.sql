-- A score is one more than the whole fifths of shoppers that are strictly worse, so that equals
-- score equally.
{{ config(order_by='subject') }}

with shoppers as (
    select
        subject,
        min(order_date) as first_order_date,
        max(order_date) as last_order_date,
        count() as orders,
        sum(net_minor) as net_minor
    from {{ ref('int_purchases') }}
    group by subject
),

ranked as (
    select
        *,
        max(last_order_date) over () + 1 as as_of,
        count() over () as everybody,
        rank() over (order by last_order_date) - 1 as earlier,
        rank() over (order by orders) - 1 as rarer,
        rank() over (order by net_minor) - 1 as poorer
    from shoppers
),

scored as (
    select
        *,
        dateDiff('day', last_order_date, as_of) as silent_days,
        toUInt8(1 + intDiv(5 * earlier, everybody)) as recency_score,
        toUInt8(1 + intDiv(5 * rarer, everybody)) as frequency_score,
        toUInt8(1 + intDiv(5 * poorer, everybody)) as monetary_score,
        last_order_date + {{ var('churn_days') }} as lapses_on
    from ranked
)

select
    scored.subject as subject,
    scored.as_of as as_of,
    scored.first_order_date as first_order_date,
    scored.last_order_date as last_order_date,
    toInt64(scored.silent_days) as silent_days,
    toInt64(scored.orders) as orders,
    scored.net_minor as net_minor,
    scored.recency_score as recency_score,
    scored.frequency_score as frequency_score,
    scored.monetary_score as monetary_score,
    cast(segments.segment as String) as segment,
    cast(segments.segment_set_version as String) as segment_set_version,
    toUInt8(scored.lapses_on < scored.as_of) as is_churned,
    if(scored.lapses_on < scored.as_of, scored.lapses_on, null) as churned_on
from scored
cross join {{ ref('rfm_segments') }} as segments
where
    segments.segment_set_version = '{{ var("segment_set_version") }}'
    and scored.recency_score between segments.recency_from and segments.recency_to
    and scored.frequency_score between segments.frequency_from and segments.frequency_to
