-- Days of which staging has every click are counted and no more; of others, the ids are compared.
{{ config(
    meta={'days': 'occurred_at'},
    order_by='(occurred_at, event_id)',
    pre_hook="{{ drop_days('toDate(occurred_at)') }}"
) }}

with uneven as (
    select day
    from (
        select
            toDate(occurred_at) as day,
            1 as counted
        from {{ source('raw', 'clickstream') }}
        where {{ in_days('occurred_at') }}
        union all
        select
            toDate(occurred_at) as day,
            -1 as counted
        from {{ ref('stg_clickstream__clicks') }}
        where {{ in_days('occurred_at') }}
    )
    group by day
    having sum(counted) != 0
),

left_over as (
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
        and toDate(occurred_at) in (select day from uneven)
        and event_id not in (
            select event_id from {{ ref('stg_clickstream__clicks') }}
            where toDate(occurred_at) in (select day from uneven)
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

select {{ quarantined_columns() }}
from judged
where rule != ''
