-- An order belongs to the last session of its client session that began before it and had not been
-- silent for 30 minutes.
with placed as (
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
    inner join {{ ref('int_sessions') }} as sessions
        on placed.client_session_id = sessions.client_session_id
    where
        placed.ordered_at >= sessions.started_at
        and placed.ordered_at < sessions.ended_at + interval 30 minute
    group by placed.order_id, placed.ordered_at
)

select
    session_id,
    arraySort(groupArray((ordered_at, order_id))) as orders
from in_session
group by session_id
