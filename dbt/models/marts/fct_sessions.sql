-- What was done without consent to analytics has no session.
-- A session belongs to the day on which it began, and is taken to last less than a day: a run
-- rebuilds the day before its first one too, and looks one more day back for where sessions began.
{{ config(
    materialized='incremental',
    incremental_strategy='insert_overwrite',
    partition_by='session_date',
    order_by='(started_at, session_id)'
) }}

with sessions as (
    select
        session_id,
        max(subject) as subject,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at,
        toDate(min(occurred_at)) as session_date,
        countIf(type = 'product_viewed') as views,
        countIf(type = 'product_added') as adds,
        countIf(type = 'products_searched') as searches,
        min(derived) as derived
    from {{ ref('stg_clickstream__clicks') }}
    where session_id != '' and {{ in_days('occurred_at', days_before=2) }}
    group by session_id
),

orders as (
    select
        session_id,
        argMin(order_id, ordered_at) as order_id
    from {{ ref('int_orders') }}
    where session_id != '' and {{ in_days('ordered_at', days_before=2) }}
    group by session_id
)

select
    sessions.session_id as session_id,
    sessions.subject as subject,
    sessions.started_at as started_at,
    sessions.ended_at as ended_at,
    sessions.session_date as session_date,
    toInt64(sessions.views) as views,
    toInt64(sessions.adds) as adds,
    toInt64(sessions.searches) as searches,
    toUInt8(orders.session_id != '') as converted,
    if(orders.session_id != '', orders.order_id, null) as order_id,
    sessions.derived as derived
from sessions
left join orders on sessions.session_id = orders.session_id
where {{ in_days('session_date', days_before=1) }}
