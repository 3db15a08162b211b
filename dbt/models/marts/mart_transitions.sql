{{ config(
    materialized='incremental',
    incremental_strategy='insert_overwrite',
    partition_by='session_date',
    order_by='(session_date, from_type, to_type)',
    post_hook="{{ drop_emptied_days('session_date', ref('int_session_trails'), 2, 2) }}"
) }}

with steps as (
    select
        session_date,
        is_bot,
        arrayMap(event -> toString(event.2), trail) as types,
        arrayJoin(arrayZip(arrayPushFront(types, 'start'), arrayPushBack(types, 'end'))) as step
    from {{ ref('int_session_trails') }}
)

select
    session_date,
    step.1 as from_type,
    step.2 as to_type,
    toInt64(countIf(not is_bot)) as transitions,
    toInt64(count()) as transitions_with_bots
from steps
group by session_date, from_type, to_type
