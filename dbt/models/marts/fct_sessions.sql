-- What was done without consent to analytics has no session.
{{ config(
    meta={'days': 'session_date'},
    materialized='incremental',
    incremental_strategy='insert_overwrite',
    partition_by='session_date',
    order_by='(started_at, session_id)',
    post_hook="{{ drop_emptied_days('session_date', ref('int_sessions'), 2, 2) }}"
) }}

with sessions as (
    select * from {{ ref('int_sessions') }}
),

orders as (
    select
        session_id,
        arrayMap(placed -> placed.2, orders) as order_ids
    from {{ ref('int_session_orders') }}
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
    cast(channels.channel as String) as channel,
    sessions.campaign as campaign,
    if(empty(sessions.agents), 'unknown', arrayStringConcat(sessions.agents, '+')) as program,
    scores.is_bot as is_bot,
    scores.bot_score as bot_score,
    scores.bot_reasons as bot_reasons
from sessions
left join orders on sessions.session_id = orders.session_id
left join {{ ref('int_bot_scores') }} as scores on sessions.session_id = scores.visitor
left join {{ ref('int_origin_channels') }} as channels
    on
        sessions.medium = channels.medium
        and sessions.source = channels.source
        and sessions.referrer = channels.referrer
