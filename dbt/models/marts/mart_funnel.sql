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

with funnels as (
    select
        funnel_id,
        groupArray((step, event_type)) as steps,
        arrayMap(
            number -> arrayMap(
                step -> step.2, arrayFilter(step -> step.1 = number, steps)
            ),
            range(1, 7)
        ) as types_of_steps
    from {{ ref('funnel_steps') }}
    group by funnel_id
),

reached as (
    select
        trails.session_date as session_date,
        trails.channel as channel,
        trails.program as program,
        trails.is_bot as is_bot,
        funnels.funnel_id as funnel_id,
        -- noqa: disable=LT02
        arrayReduce(
            'windowFunnel({{ window_ms }})',
            arrayMap(event -> toUInt64(event.1), trails.trail),
            {%- for step in range(1, 7) %}
            arrayMap(
                event -> has(funnels.types_of_steps[{{ step }}], event.2), trails.trail
            ){{ '' if loop.last else ',' }}
            {%- endfor %}
        ) as level
        -- noqa: enable=LT02
    from {{ ref('int_session_trails') }} as trails
    cross join funnels
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
