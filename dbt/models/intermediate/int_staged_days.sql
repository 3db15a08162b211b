{%- set staged = {
    'orders': [
        'stg_orders__completed', 'stg_orders__refunded', 'stg_orders__cancelled',
        'stg_orders__coupons'
    ],
    'clickstream': ['stg_clickstream__clicks'],
} %}
with staged as (
    {%- for source, models in staged.items() %}
        {%- set last = loop.last %}
        {%- for model in models %}
            select
                '{{ source }}' as source,
                toDate(occurred_at) as day,
                count() as events
            from {{ ref(model) }}
            where {{ in_days('occurred_at') }}
            group by day
            {%- if not (last and loop.last) %}
                union all
            {%- endif %}
        {%- endfor %}
    {%- endfor %}
)

select
    source,
    day,
    toInt64(sum(events)) as staged
from staged
group by source, day
