-- A click on day D can move sessions that begin from D - 2 to D + 2, and these are told by the
-- clicks of two days more on either side: two nights are as far as any of the rules looks.
{%- set gap_ms = 30 * 60 * 1000 %}
{#- What a page tells of itself within this is one action of whoever looks at it. #}
{%- set action_ms = 100 %}
{%- set aims = "'products_searched', 'product_added', 'product_added_to_wishlist', 'cart_viewed',
        'checkout_started'" %}
{{ config(materialized='table', order_by='(session_date, client_session_id, started_at)') }}

with clicks as (
    select
        session_id as client_session_id,
        subject,
        type,
        derived,
        agent,
        network,
        occurred_at,
        toUnixTimestamp64Milli(occurred_at) as at_ms,
        lagInFrame(at_ms, 1, at_ms) over (
            partition by session_id order by occurred_at
            rows between unbounded preceding and current row
        ) as before_ms,
        at_ms - before_ms as since_ms,
        since_ms >= {{ action_ms }} and since_ms < {{ gap_ms }} as is_next_action
    from {{ ref('stg_clickstream__clicks') }}
    where session_id != '' and {{ in_days('occurred_at', days_before=4, days_after=4) }}
),

runs as (
    select
        *,
        sum(since_ms >= {{ gap_ms }}) over (
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
        countIf(type in ('page_viewed', 'product_list_viewed', 'product_viewed')) as pages,
        countIf(type in ({{ aims }})) as aims,
        count() as clicks,
        1 + countIf(is_next_action) as actions,
        -- noqa: disable=LT01
        quantilesExactIf(0.25, 0.5, 0.75)(since_ms, is_next_action) as gap_quartiles_ms,
        -- noqa: enable=LT01
        max(nights) as midnights,
        arraySort(groupUniqArrayIf(agent, agent != '')) as agents,
        arraySort(groupUniqArrayIf(network, network != '')) as networks,
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
    pages,
    aims,
    actions,
    gap_quartiles_ms,
    midnights,
    agents,
    networks,
    derived
from sessions
where {{ in_days('session_date', days_before=2, days_after=2) }}
