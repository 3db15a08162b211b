-- Nothing is dropped: with robots, the days have every click that was staged, and every session.
with totals as (
    select
        (select count() from {{ ref('stg_clickstream__clicks') }}) as staged,
        (select sum(clicks_with_bots) from {{ ref('mart_daily_traffic') }}) as days,
        (select count() from {{ ref('fct_sessions') }}) as sessions,
        (select sum(sessions_with_bots) from {{ ref('mart_daily_traffic') }}) as days_sessions,
        (select sum(clicks) from {{ ref('fct_sessions') }}) as in_sessions,
        (select countIf(session_id != '') from {{ ref('stg_clickstream__clicks') }}) as staged_in_sessions
)

select * from totals
where not (staged = days and sessions = days_sessions and in_sessions = staged_in_sessions)
