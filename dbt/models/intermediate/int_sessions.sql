-- A click on day D can move sessions that begin from D - 2 to D + 2, and these are told by the
-- clicks of two days more on either side: two nights are as far as any of the rules looks.
{%- set gap_ms = 30 * 60 * 1000 %}
{{ config(materialized='table', order_by='(session_date, client_session_id, started_at)') }}

with clicks as (
    select
        session_id as client_session_id,
        subject,
        type,
        derived,
        occurred_at,
        toUnixTimestamp64Milli(occurred_at) as at_ms,
        lagInFrame(at_ms, 1, at_ms) over (
            partition by session_id order by occurred_at
            rows between unbounded preceding and current row
        ) as before_ms
    from {{ ref('stg_clickstream__clicks') }}
    where session_id != '' and {{ in_days('occurred_at', days_before=4, days_after=4) }}
),

runs as (
    select
        *,
        sum(at_ms - before_ms >= {{ gap_ms }}) over (
            partition by client_session_id order by occurred_at
            range between unbounded preceding and current row
        ) as run
    from clicks
),

nights as (
    select
        *,
        dateDiff(
            'day',
            min(occurred_at) over (partition by client_session_id, run),
            max(occurred_at) over (partition by client_session_id, run)
        ) as nights
    from runs
),

sessions as (
    select
        client_session_id,
        run,
        if(nights > 1, toDate(occurred_at), toDate(0)) as cut_to,
        max(subject) as subject,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at,
        countIf(type = 'product_viewed') as views,
        countIf(type = 'product_added') as adds,
        countIf(type = 'products_searched') as searches,
        count() as clicks,
        min(derived) as derived
    from nights
    group by client_session_id, run, cut_to
)

select
    concat(client_session_id, '.', toString(toUnixTimestamp64Milli(started_at))) as session_id,
    client_session_id,
    subject,
    started_at,
    ended_at,
    toDate(started_at) as session_date,
    views,
    adds,
    searches,
    clicks,
    derived
from sessions
where {{ in_days('session_date', days_before=2, days_after=2) }}
