{%- set shown = 8 %}
{{ config(
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
)

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
