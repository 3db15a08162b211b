-- A click on day D can move sessions that begin from D - 2 to D + 2, and these are told by the
-- clicks of two days more on either side: two nights are as far as any of the rules looks.
-- The clicks of a client session are one array that is split where it was silent, and where a run
-- is over two nights long also at midnight: less than half the time of window functions.
{%- set gap_ms = 30 * 60 * 1000 %}
{%- set day_ms = 24 * 60 * 60 * 1000 %}
{#- What a page tells of itself within this is one action of whoever looks at it. #}
{%- set action_ms = 100 %}
{%- set aims = "'products_searched', 'product_added', 'product_added_to_wishlist', 'cart_viewed',
        'checkout_started'" %}
{{ config(materialized='table', order_by='(session_date, client_session_id, started_at)') }}

with clients as (
    select
        session_id as client_session_id,
        arraySort(
            click -> click.1,
            groupArray(
                (
                    toUnixTimestamp64Milli(occurred_at),
                    type,
                    subject,
                    agent,
                    network,
                    derived,
                    (
                        lower(utm_medium),
                        lower(utm_source),
                        if(
                            domainWithoutWWW(referrer) = domainWithoutWWW(url),
                            '',
                            domainWithoutWWW(referrer)
                        ),
                        utm_campaign
                    )
                )
            )
        ) as sorted,
        arrayMap(
            (click, since) -> cast(
                (click.1, click.2, click.3, click.4, click.5, click.6, since, click.7),
                'Tuple(at_ms Int64, type LowCardinality(String), subject String, agent String,
                 network String, derived UInt8, since_ms Int64,
                 origin Tuple(medium String, source String, referrer String, campaign String))'
            ),
            sorted,
            arrayDifference(sorted.1)
        ) as clicks
    from {{ ref('stg_clickstream__clicks') }}
    where session_id != '' and {{ in_days('occurred_at', days_before=4, days_after=4) }}
    group by session_id
),

runs as (
    select
        client_session_id,
        arrayJoin(arraySplit(click -> click.since_ms >= {{ gap_ms }}, clicks)) as run,
        intDiv(run.at_ms[-1], {{ day_ms }}) - intDiv(run.at_ms[1], {{ day_ms }}) as midnights
    from clients
),

sessions as (
    select
        client_session_id,
        midnights,
        arrayJoin(
            if(
                midnights > 1,
                arraySplit(
                    (click, before_ms)
                    -> intDiv(click.at_ms, {{ day_ms }}) != intDiv(before_ms, {{ day_ms }}),
                    run,
                    arrayPushFront(arrayPopBack(run.at_ms), run.at_ms[1])
                ),
                [run]
            )
        ) as acts,
        arrayFilter(
            since_ms -> since_ms >= {{ action_ms }} and since_ms < {{ gap_ms }}, acts.since_ms
        ) as gaps_ms,
        arraySort(
            arrayFilter(
                told -> (told.2.1, told.2.2, told.2.3) != ('', '', ''),
                arrayZip(acts.at_ms, acts.origin)
            )
        ) as origins,
        tupleElement(origins[1], 2) as origin
    from runs
)

select
    concat(client_session_id, '.', toString(acts.at_ms[1])) as session_id,
    client_session_id,
    arrayMax(acts.subject) as subject,
    fromUnixTimestamp64Milli(acts.at_ms[1], 'UTC') as started_at,
    fromUnixTimestamp64Milli(acts.at_ms[-1], 'UTC') as ended_at,
    toDate(started_at) as session_date,
    countEqual(acts.type, 'product_viewed') as views,
    countEqual(acts.type, 'product_added') as adds,
    countEqual(acts.type, 'products_searched') as searches,
    length(acts.type) as clicks,
    arrayCount(
        type -> type in ('page_viewed', 'product_list_viewed', 'product_viewed'), acts.type
    ) as pages,
    arrayCount(type -> type in ({{ aims }}), acts.type) as aims,
    1 + length(gaps_ms) as actions,
    arrayReduce('quantilesExact(0.25, 0.5, 0.75)', gaps_ms) as gap_quartiles_ms,
    midnights,
    arraySort(arrayFilter(agent -> agent != '', arrayDistinct(acts.agent))) as agents,
    arraySort(arrayFilter(network -> network != '', arrayDistinct(acts.network))) as networks,
    arrayMin(acts.derived) as derived,
    origin.1 as medium,
    origin.2 as source,
    origin.3 as referrer,
    origin.4 as campaign,
    arraySort(arrayZip(acts.at_ms, acts.type)) as trail
from sessions
where {{ in_days('session_date', days_before=2, days_after=2) }}
