-- Rules are taken in the order of their names, so that the product is the same to the last bit.
{{ config(materialized='table', order_by='visitor') }}

with rules as (
    select *
    from {{ ref('bot_rules') }}
    where rule_set_version = '{{ var("bot_rule_set_version") }}'
),

matched as (
    select
        signals.visitor as visitor,
        arraySort(groupArray((rules.rule_id, rules.weight))) as found
    from {{ ref('int_bot_signals') }} as signals
    inner join rules on signals.signal = rules.signal
    where
        signals.actions >= rules.min_actions
        and signals.value >= coalesce(rules.at_least, signals.value)
        and signals.value <= coalesce(rules.at_most, signals.value)
    group by signals.visitor
),

scored as (
    select
        visitor,
        round(1 - arrayProduct(arrayMap(rule -> 1 - rule.2, found)), 6) as bot_score,
        arrayMap(rule -> rule.1, found) as bot_reasons
    from matched
)

select
    scored.visitor as visitor,
    scored.bot_score as bot_score,
    scored.bot_reasons as bot_reasons,
    sets.rule_set_version as bot_rule_set_version,
    toUInt8(scored.bot_score >= sets.flag_at) as is_bot
from scored
cross join {{ ref('bot_rule_sets') }} as sets
where sets.rule_set_version = '{{ var("bot_rule_set_version") }}'
