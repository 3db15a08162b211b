-- Steps are taken in their order, each after the one before or in the same millisecond, with
-- anything in between.
{%- set window_ms = 24 * 60 * 60 * 1000 %}
{{ config(
    materialized='incremental',
    incremental_strategy='insert_overwrite',
    partition_by='session_date',
    order_by='(session_date, funnel_id, channel, program, step)',
    post_hook="{{ drop_emptied_days('session_date', '(select session_date from '
        ~ ref('int_session_trails') ~ ' array join trail as event where event.2 in '
        ~ '(select event_type from ' ~ ref('funnel_steps') ~ ' where step = 1))', 2, 2) }}"
) }}

with events as (
    select
        session_id,
        session_date,
        channel,
        program,
        is_bot,
        arrayJoin(trail) as event
    from {{ ref('int_session_trails') }}
),

reached as (
    select
        events.session_date as session_date,
        events.channel as channel,
        events.program as program,
        events.is_bot as is_bot,
        steps.funnel_id as funnel_id,
        -- noqa: disable=LT01
        windowFunnel({{ window_ms }})(
            toUInt64(events.event.1),
            steps.step = 1,
            steps.step = 2,
            steps.step = 3,
            steps.step = 4,
            steps.step = 5,
            steps.step = 6
        ) as level
        -- noqa: enable=LT01
    from events
    inner join {{ ref('funnel_steps') }} as steps on events.event.2 = steps.event_type
    group by
        events.session_id,
        events.session_date,
        events.channel,
        events.program,
        events.is_bot,
        steps.funnel_id
),

levels as (
    select
        session_date,
        channel,
        program,
        funnel_id,
        level,
        countIf(not is_bot) as sessions,
        count() as sessions_with_bots
    from reached
    where level > 0
    group by session_date, channel, program, funnel_id, level
),

steps as (
    select distinct
        funnel_id,
        step,
        step_name
    from {{ ref('funnel_steps') }}
)

select
    levels.session_date as session_date,
    cast(levels.funnel_id as String) as funnel_id,
    levels.channel as channel,
    levels.program as program,
    steps.step as step,
    cast(steps.step_name as String) as step_name,
    toInt64(sumIf(levels.sessions, levels.level >= steps.step)) as sessions,
    toInt64(sumIf(levels.sessions_with_bots, levels.level >= steps.step)) as sessions_with_bots
from levels
inner join steps on levels.funnel_id = steps.funnel_id
group by
    levels.session_date,
    levels.funnel_id,
    levels.channel,
    levels.program,
    steps.step,
    steps.step_name
