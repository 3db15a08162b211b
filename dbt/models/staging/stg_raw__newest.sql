-- A day is over three hours after its end: it is built by then.
{{ config(materialized='view') }}
{%- set modules = [
    'catalog', 'orders', 'payments', 'inventory', 'fulfilment', 'returns', 'marketplace', 'social',
    'clickstream'
] %}
{%- for module in modules %}
    select
        '{{ module }}' as source,
        cast(type as String) as type,
        toDate(max(occurred_at)) as newest_day
    from {{ source('raw', module) }}
    where occurred_at < toDate(now('UTC') - interval 3 hour)
    group by type
    {%- if not loop.last %}
        union all
    {%- endif %}
{%- endfor %}
