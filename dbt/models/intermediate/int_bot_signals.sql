-- What was inferred from orders was done by nobody at that pace, and says nothing.
with sessions as (
    select
        session_id as visitor,
        actions,
        arrayConcat(
            arrayMap(agent -> (concat('agent_', agent), 1.0), agents),
            arrayMap(network -> (concat('network_', network), 1.0), networks),
            [
                ('upper_gap_s', gap_quartiles_ms[3] / 1000),
                (
                    'gap_spread',
                    (gap_quartiles_ms[3] - gap_quartiles_ms[1]) / greatest(gap_quartiles_ms[2], 1)
                ),
                (
                    'clicks_per_minute',
                    60 * clicks / greatest(1, dateDiff('second', started_at, ended_at))
                ),
                ('midnights', toFloat64(midnights)),
                ('pages_without_aim', toFloat64(if(aims = 0, pages, 0)))
            ]
        ) as signals
    from {{ ref('int_sessions') }}
    where not derived
),

alone as (
    select
        visitor,
        1 as actions,
        [(concat('agent_', agent), 1.0), (concat('network_', network), 1.0)] as signals
    from {{ ref('int_lone_clicks') }}
    where not derived
),

visitors as (
    select
        visitor,
        actions,
        signals
    from sessions
    union all
    select
        visitor,
        actions,
        signals
    from alone
)

select
    visitor,
    actions,
    measured.1 as signal,
    measured.2 as value
from visitors
array join signals as measured
