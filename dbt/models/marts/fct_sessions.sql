-- What was done without consent to analytics has no session.
-- An order belongs to the last session of its client session that began before it and had not been
-- silent for 30 minutes.
{{ config(
    materialized='incremental',
    incremental_strategy='insert_overwrite',
    partition_by='session_date',
    order_by='(started_at, session_id)',
    post_hook="{{ drop_emptied_days('session_date', ref('int_sessions'), 2, 2) }}"
) }}

with sessions as (
    select * from {{ ref('int_sessions') }}
),

placed as (
    select
        order_id,
        session_id as client_session_id,
        ordered_at
    from {{ ref('int_orders') }}
    where session_id != '' and {{ in_days('ordered_at', days_before=2, days_after=4) }}
),

in_session as (
    select
        placed.order_id as order_id,
        placed.ordered_at as ordered_at,
        argMax(sessions.session_id, sessions.started_at) as session_id
    from placed
    inner join sessions on placed.client_session_id = sessions.client_session_id
    where
        placed.ordered_at >= sessions.started_at
        and placed.ordered_at < sessions.ended_at + interval 30 minute
    group by placed.order_id, placed.ordered_at
),

orders as (
    select
        session_id,
        arrayMap(placed -> placed.2, arraySort(groupArray((ordered_at, order_id)))) as order_ids
    from in_session
    group by session_id
)

select
    sessions.session_id as session_id,
    sessions.client_session_id as client_session_id,
    sessions.subject as subject,
    sessions.started_at as started_at,
    sessions.ended_at as ended_at,
    sessions.session_date as session_date,
    toInt64(sessions.views) as views,
    toInt64(sessions.adds) as adds,
    toInt64(sessions.searches) as searches,
    toInt64(sessions.clicks) as clicks,
    toUInt8(orders.session_id != '') as converted,
    if(orders.session_id != '', orders.order_ids[1], null) as order_id,
    orders.order_ids as order_ids,
    sessions.derived as derived,
    scores.is_bot as is_bot,
    scores.bot_score as bot_score,
    scores.bot_reasons as bot_reasons
from sessions
left join orders on sessions.session_id = orders.session_id
left join {{ ref('int_bot_scores') }} as scores on sessions.session_id = scores.visitor
