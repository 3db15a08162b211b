-- Visits come from few different places: the rules are tried once for each.
with origins as (
    select distinct
        medium,
        source,
        referrer
    from {{ ref('int_sessions') }}
)

select
    origins.medium as medium,
    origins.source as source,
    origins.referrer as referrer,
    argMin(rules.channel, rules.priority) as channel
from origins
cross join {{ ref('channel_rules') }} as rules
where
    rules.rule_set_version = '{{ var("channel_rule_set_version") }}'
    and match(origins.medium, rules.medium)
    and match(origins.source, rules.source)
    and match(origins.referrer, rules.referrer)
group by origins.medium, origins.source, origins.referrer
