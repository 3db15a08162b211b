-- Only what staging left is read beyond its id; the rest of a day's clicks cost a set of ids.
{{ config(
    order_by='(occurred_at, event_id)',
    pre_hook="{{ drop_days('toDate(occurred_at)') }}"
) }}

with left_over as (
    select
        event_id,
        type,
        version,
        occurred_at,
        received_at,
        _partition,
        _offset,
        JSONExtract(data, '{{ click_type() }}') as click
    from {{ source('raw', 'clickstream') }}
    prewhere
        {{ in_days('occurred_at') }}
        and event_id not in (
            select event_id from {{ ref('stg_clickstream__clicks') }}
            where {{ in_days('occurred_at') }}
        )
    {{ each_event_once() }}
),

judged as (
    select
        *,
        {{ of_broken_rule('click', 'rule') }} as rule,
        {{ of_broken_rule('click', 'reason') }} as reason
    from left_over
)

select
    event_id,
    cast(type as String) as type,
    version,
    occurred_at,
    _partition as log_partition,
    _offset as log_offset,
    rule,
    reason,
    '{{ var("quarantine_rule_set_version") }}' as rule_set_version
from judged
where rule != ''
