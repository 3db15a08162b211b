{{ config(
    materialized='incremental',
    incremental_strategy='insert_overwrite',
    partition_by='day',
    order_by='(day, source, rule)',
    pre_hook="{{ drop_days('day') }}"
) }}

with told as (
    select
        arrived.source as source,
        arrived.day as day,
        '' as rule,
        arrived.events as events,
        if(staged.source = '', null, staged.staged) as staged,
        toInt64(0) as quarantined,
        arrived.duplicates as duplicates,
        arrived.unread as unread,
        toInt64(0) as dead_letters,
        arrived.late as late,
        arrived.arrived_meanwhile as arrived_meanwhile,
        toNullable(arrived.last_occurred_at) as last_occurred_at,
        toNullable(arrived.last_ingested_at) as last_ingested_at
    from {{ ref('stg_raw__days') }} as arrived
    left join {{ ref('int_staged_days') }} as staged
        on arrived.source = staged.source and arrived.day = staged.day
    union all
    select
        source,
        day,
        rule,
        0 as events,
        null as staged,
        quarantined,
        0 as duplicates,
        0 as unread,
        dead_letters,
        0 as late,
        0 as arrived_meanwhile,
        null as last_occurred_at,
        null as last_ingested_at
    from {{ ref('int_unusable_days') }}
)

select
    day,
    source,
    rule,
    events,
    staged,
    quarantined,
    duplicates,
    unread,
    dead_letters,
    late,
    arrived_meanwhile,
    last_occurred_at,
    last_ingested_at
from told
where {{ in_days('day') }}
