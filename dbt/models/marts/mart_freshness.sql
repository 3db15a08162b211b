{{ config(materialized='view', tags=['people']) }}

with held as (
    {%- for promise in var('mart_freshness') %}
        select
            '{{ promise.mart }}' as mart,
            {%- set events = (promise.events or []) | join(' ') %}
            splitByChar(' ', '{{ events }}') as events,
            toInt64({{ promise.allowed_days or 0 }}) as allowed_days,
            toUInt8({{ 1 if promise.day else 0 }}) as has_days,
            max({{ promise.day or 'toDate(0)' }}) as newest_day
        from {{ ref(promise.mart or 'fct_orders') }}
        {%- if not loop.last %}
            union all
        {%- endif %}
    {%- endfor %}
),

due as (
    select
        held.mart as mart,
        max(newest.newest_day) as source_day
    from held
    cross join {{ ref('stg_raw__newest') }} as newest
    where hasAny(held.events, [newest.source || '/' || newest.type, newest.source || '/*'])
    group by mart
),

written as (
    select
        table as mart,
        toDateTime(max(modification_time), 'UTC') as at
    from system.parts
    where database = 'marts' and active
    group by mart
),

compared as (
    select
        held.mart as mart,
        held.allowed_days as allowed_days,
        nullIf(due.source_day, toDate(0)) as source_day,
        multiIf(
            held.has_days and held.newest_day = toDate(0), null,
            held.has_days, held.newest_day,
            written.mart = '', null,
            toDate(written.at) - 1
        ) as newest_day,
        if(written.mart = '', null, written.at) as written_at
    from held
    left join due on held.mart = due.mart
    left join written on held.mart = written.mart
)

select
    mart,
    newest_day,
    source_day,
    if(
        newest_day is null or source_day is null,
        null,
        toInt64(greatest(0, assumeNotNull(source_day) - assumeNotNull(newest_day)))
    ) as days_behind,
    allowed_days,
    toUInt8(
        source_day is not null
        and (newest_day is null or coalesce(days_behind, 0) > allowed_days)
    ) as is_behind,
    written_at
from compared
