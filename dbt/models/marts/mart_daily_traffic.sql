-- The days whose sessions a run may have moved are written anew, with all that is theirs.
{{ config(
    materialized='incremental',
    incremental_strategy='insert_overwrite',
    partition_by='traffic_date',
    order_by='traffic_date',
    post_hook="{{ drop_emptied_days('traffic_date', '(select session_date as traffic_date from '
        ~ ref('fct_sessions') ~ ' union all select day from ' ~ ref('int_lone_clicks') ~ ')', 2, 2) }}"
) }}

with visits as (
    select
        session_date as traffic_date,
        is_bot,
        1 as sessions,
        converted,
        length(order_ids) as orders,
        views,
        adds,
        searches,
        clicks,
        0 as clicks_without_session
    from {{ ref('fct_sessions') }}
    where {{ in_days('session_date', days_before=2, days_after=2) }}
    union all
    select
        alone.day as traffic_date,
        scores.is_bot as is_bot,
        0 as sessions,
        0 as converted,
        0 as orders,
        alone.views as views,
        alone.adds as adds,
        alone.searches as searches,
        alone.clicks as clicks,
        alone.clicks as clicks_without_session
    from {{ ref('int_lone_clicks') }} as alone
    left join {{ ref('int_bot_scores') }} as scores on alone.visitor = scores.visitor
)

select
    traffic_date,
    toInt64(sumIf(visits.sessions, not is_bot)) as sessions,
    toInt64(sum(visits.sessions)) as sessions_with_bots,
    toInt64(sumIf(visits.converted, not is_bot)) as converted,
    toInt64(sum(visits.converted)) as converted_with_bots,
    toInt64(sumIf(visits.orders, not is_bot)) as orders,
    toInt64(sum(visits.orders)) as orders_with_bots,
    toInt64(sumIf(visits.views, not is_bot)) as views,
    toInt64(sum(visits.views)) as views_with_bots,
    toInt64(sumIf(visits.adds, not is_bot)) as adds,
    toInt64(sum(visits.adds)) as adds_with_bots,
    toInt64(sumIf(visits.searches, not is_bot)) as searches,
    toInt64(sum(visits.searches)) as searches_with_bots,
    toInt64(sumIf(visits.clicks, not is_bot)) as clicks,
    toInt64(sum(visits.clicks)) as clicks_with_bots,
    toInt64(sumIf(visits.clicks_without_session, not is_bot)) as clicks_without_session,
    toInt64(sum(visits.clicks_without_session)) as clicks_without_session_with_bots
from visits
group by traffic_date
