-- A person's visits that no order followed in time are one journey without an order.
{%- set window_ms = var("attribution_window_days") | int * 24 * 60 * 60 * 1000 %}
{{ config(order_by='(with_bots, path)', tags=['people']) }}

with bought as (
    select
        with_bots,
        arrayCompact(channels) as path,
        count() as orders,
        sum(total_minor) as total_minor,
        0 as without_order
    from {{ ref('int_order_touchpoints') }}
    where notEmpty(channels)
    group by with_bots, path
),

ordered as (
    select
        person_id,
        groupArray(ordered_ms) as instants
    from {{ ref('int_order_touchpoints') }}
    where with_bots = 1
    group by person_id
),

visited as (
    select
        person_id,
        arraySort(groupArray((started_ms, session_id, channel, is_bot))) as touchpoints
    from {{ ref('int_touchpoints') }}
    group by person_id
),

missed as (
    select
        arrayJoin([0, 1]) as with_bots,
        arrayFilter(
            touch -> touch.4 <= with_bots
            and not arrayExists(
                instant -> instant >= touch.1 and instant - touch.1 <= {{ window_ms }},
                ordered.instants
            ),
            visited.touchpoints
        ) as in_vain,
        arrayFilter(touch -> touch.3 != 'direct', in_vain) as told,
        arrayCompact(arrayMap(touch -> touch.3, if(empty(told), in_vain, told))) as path
    from visited
    left join ordered on visited.person_id = ordered.person_id
),

journeys as (
    select * from bought
    union all
    select
        with_bots,
        path,
        0 as orders,
        0 as total_minor,
        count() as without_order
    from missed
    where notEmpty(path)
    group by with_bots, path
)

select
    toUInt8(with_bots) as with_bots,
    path,
    toInt64(sum(journeys.orders)) as orders,
    toInt64(sum(journeys.total_minor)) as total_minor,
    toInt64(sum(journeys.without_order)) as without_order
from journeys
group by with_bots, path
