-- Nothing is dropped: what arrived is staged, in quarantine, a copy of another, or of a type that is
-- not read. What was ingested while the run was under way may be missing, and nothing else.
with days as (
    select
        day,
        source,
        sum(events) as arrived,
        sum(staged) as staged,
        sum(quarantined) as quarantined,
        sum(duplicates) as duplicates,
        sum(unread) as unread,
        sum(arrived_meanwhile) as arrived_meanwhile
    from {{ ref('mart_data_quality') }}
    where source in ('orders', 'clickstream')
    group by day, source
)

select
    *,
    arrived - coalesce(staged, 0) - quarantined - duplicates - unread as missing
from days
where missing < 0 or missing > arrived_meanwhile
