-- Days as far around the run's as those that its sessions may move in: the marts rewrite these.
select
    toDate(occurred_at) as day,
    agent,
    network,
    concat('alone.', toString(day), '.', agent, '.', network) as visitor,
    toInt64(countIf(type = 'product_viewed')) as views,
    toInt64(countIf(type = 'product_added')) as adds,
    toInt64(countIf(type = 'products_searched')) as searches,
    toInt64(count()) as clicks,
    min(derived) as derived
from {{ ref('stg_clickstream__clicks') }}
where session_id = '' and {{ in_days('occurred_at', days_before=2, days_after=2) }}
group by day, agent, network
