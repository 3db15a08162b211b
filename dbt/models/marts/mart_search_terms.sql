-- What follows a search is the next search, look at a product or click on one of the same client
-- session within 30 minutes. A search counts on the day on which its session began.
{%- set follows_ms = 30 * 60 * 1000 %}
{{ config(
    meta={'days': 'search_date'},
    materialized='incremental',
    incremental_strategy='insert_overwrite',
    partition_by='search_date',
    order_by='(search_date, term)',
    post_hook="{{ drop_emptied_days('search_date', '(select session_date as search_date from '
        ~ ref('fct_sessions') ~ ' where searches > 0 union all select day from '
        ~ ref('int_lone_clicks') ~ ' where searches > 0)', 2, 2) }}"
) }}

with searching as (
    select distinct session_id
    from {{ ref('stg_clickstream__clicks') }}
    where
        type = 'products_searched'
        and {{ in_days('occurred_at', days_before=4, days_after=4) }}
),

followed as (
    select
        session_id as client_session_id,
        occurred_at,
        event_id,
        type,
        lowerUTF8(trimBoth(query)) as term,
        results,
        agent,
        network,
        leadInFrame(toNullable(term)) over following as next_term,
        leadInFrame(toString(type)) over following as next_type,
        leadInFrame(toUnixTimestamp64Milli(occurred_at)) over following as next_ms
    from {{ ref('stg_clickstream__clicks') }}
    where
        type in ('products_searched', 'product_clicked', 'product_viewed')
        and session_id in (select session_id from searching)
        and {{ in_days('occurred_at', days_before=4, days_after=4) }}
    window following as (
        partition by session_id order by occurred_at, toString(event_id)
        rows between current row and unbounded following
    )
),

told as (
    select
        *,
        client_session_id != ''
        and next_type != ''
        and next_ms - toUnixTimestamp64Milli(occurred_at) < {{ follows_ms }} as is_followed
    from followed
    where type = 'products_searched'
),

begun as (
    select
        client_session_id,
        started_at,
        session_date,
        is_bot
    from {{ ref('fct_sessions') }}
    where {{ in_days('session_date', days_before=4, days_after=4) }}
),

searches as (
    select
        sessions.session_date as search_date,
        sessions.is_bot as is_bot,
        told.term as term,
        told.results as results,
        told.is_followed and told.next_type = 'products_searched'
        and told.next_term != told.term as refined,
        told.is_followed and told.next_type != 'products_searched' as clicked
    from told
    asof join begun as sessions
        on
            told.client_session_id = sessions.client_session_id
            and told.occurred_at >= sessions.started_at
    where told.client_session_id != ''
    union all
    select
        toDate(told.occurred_at) as search_date,
        scores.is_bot as is_bot,
        told.term as term,
        told.results as results,
        0 as refined,
        0 as clicked
    from told
    left join {{ ref('int_bot_scores') }} as scores
        on
            concat(
                'alone.', toString(toDate(told.occurred_at)), '.', told.agent, '.', told.network
            ) = scores.visitor
    where told.client_session_id = ''
)

select
    search_date,
    term,
    toInt64(countIf(not is_bot)) as searches,
    toInt64(count()) as searches_with_bots,
    toInt64(countIf(results = 0 and not is_bot)) as without_results,
    toInt64(countIf(results = 0)) as without_results_with_bots,
    toInt64(countIf(searches.refined and not is_bot)) as refined,
    toInt64(countIf(searches.refined)) as refined_with_bots,
    toInt64(countIf(searches.clicked and not is_bot)) as clicked,
    toInt64(countIf(searches.clicked)) as clicked_with_bots
from searches
where {{ in_days('search_date', days_before=2, days_after=2) }}
group by search_date, term
