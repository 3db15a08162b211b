with unusable as (
    select
        'orders' as source,
        toDate(occurred_at) as day,
        rule,
        1 as quarantined,
        0 as dead_letters
    from {{ ref('quarantined_orders') }}
    where {{ in_days('occurred_at') }}
    union all
    select
        'clickstream' as source,
        toDate(occurred_at) as day,
        rule,
        1 as quarantined,
        0 as dead_letters
    from {{ ref('quarantined_clicks') }}
    where {{ in_days('occurred_at') }}
    union all
    select
        module as source,
        day,
        'dead_letter' as rule,
        0 as quarantined,
        1 as dead_letters
    from {{ ref('stg_raw__dead_letters') }}
    where {{ in_days('day') }}
)

select
    source,
    day,
    rule,
    toInt64(sum(quarantined)) as quarantined,
    toInt64(sum(dead_letters)) as dead_letters
from unusable
group by source, day, rule
