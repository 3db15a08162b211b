-- The paths of a day that hardly anybody else took are as many as its sessions in a large store.
{%- set shown = 8 %}
{{ config(
    meta={'days': 'session_date'},
    materialized='incremental',
    incremental_strategy='insert_overwrite',
    partition_by='session_date',
    order_by='(session_date, path)',
    post_hook="{{ drop_emptied_days('session_date', ref('int_session_trails'), 2, 2) }}"
) }}

with walked as (
    select
        session_date,
        is_bot,
        arrayCompact(arrayMap(event -> toString(event.2), trail)) as steps,
        has(steps, 'order_completed') as converted
    from {{ ref('int_session_trails') }}
),

counted as (
    select
        session_date,
        concat(
            arrayStringConcat(arraySlice(steps, 1, {{ shown }}), ' > '),
            if(length(steps) > {{ shown }}, ' > …', '')
        ) as path,
        toInt64(countIf(not is_bot)) as sessions,
        toInt64(count()) as sessions_with_bots,
        toInt64(countIf(walked.converted and not is_bot)) as converted,
        toInt64(countIf(walked.converted)) as converted_with_bots
    from walked
    group by session_date, path
),

ranked as (
    select
        *,
        row_number() over (
            partition by session_date order by sessions_with_bots desc, path asc
        ) as place
    from counted
)

select
    session_date,
    if(place <= {{ var('named_paths_a_day') }}, ranked.path, 'a rarer path') as path,
    sum(ranked.sessions) as sessions,
    sum(ranked.sessions_with_bots) as sessions_with_bots,
    sum(ranked.converted) as converted,
    sum(ranked.converted_with_bots) as converted_with_bots
from ranked
group by session_date, path
