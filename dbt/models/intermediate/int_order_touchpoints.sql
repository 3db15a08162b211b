-- Direct visits are touchpoints only where there is no other: they tell where nobody came from.
{%- set window_ms = var("attribution_window_days") | int * 24 * 60 * 60 * 1000 %}
{{ config(materialized='table', order_by='order_id', tags=['people']) }}

with people as (
    select
        identifier,
        person_id
    from {{ ref('dim_identifiers') }}
    where kind = 'subject' and person_id != ''
),

visitors as (
    select
        order_id,
        person_id
    from {{ ref('fct_sessions') }} as facts
    array join order_ids as order_id
    inner join {{ ref('int_touchpoints') }} as touchpoints
        on facts.session_id = touchpoints.session_id
),

placed as (
    select
        orders.order_id as order_id,
        orders.order_date as order_date,
        orders.total_minor as total_minor,
        toUnixTimestamp64Milli(orders.ordered_at) as ordered_ms,
        if(people.person_id != '', people.person_id, visitors.person_id) as person_id
    from {{ ref('fct_orders') }} as orders
    left join people on orders.subject = people.identifier
    left join visitors on orders.order_id = visitors.order_id
),

seen as (
    select
        person_id,
        arraySort(groupArray((started_ms, session_id, channel, is_bot))) as touchpoints
    from {{ ref('int_touchpoints') }}
    group by person_id
),

windows as (
    select
        placed.order_id as order_id,
        placed.order_date as order_date,
        placed.total_minor as total_minor,
        placed.ordered_ms as ordered_ms,
        placed.person_id as person_id,
        arrayJoin([0, 1]) as with_bots,
        arrayFilter(
            touch -> touch.1 <= placed.ordered_ms
            and touch.1 >= placed.ordered_ms - {{ window_ms }}
            and touch.4 <= with_bots,
            seen.touchpoints
        ) as in_time,
        arrayFilter(touch -> touch.3 != 'direct', in_time) as told
    from placed
    left join seen on placed.person_id = seen.person_id
)

select
    order_id,
    order_date,
    total_minor,
    person_id,
    ordered_ms,
    toUInt8(with_bots) as with_bots,
    arrayMap(touch -> touch.3, if(empty(told), in_time, told)) as channels,
    arrayMap(touch -> ordered_ms - touch.1, if(empty(told), in_time, told)) as ages_ms
from windows
