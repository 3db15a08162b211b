-- Weights are whole numbers, so that every engine splits an order alike.
{%- set half_life_ms = 7 * 24 * 60 * 60 * 1000 %}
{%- set rules = ['first', 'last', 'linear', 'time_decay', 'position'] %}
{{ config(order_by='(order_date, order_id, with_bots, channel)', tags=['people']) }}

with touched as (
    select
        *,
        length(channels) as visits,
        if(empty(channels), ['unknown'], arraySort(arrayDistinct(channels))) as by_channel,
        arrayEnumerate(channels) as places,
        arrayMap(place -> place = 1, places) as first_weights,
        arrayMap(place -> place = visits, places) as last_weights,
        arrayMap(place -> 1, places) as linear_weights,
        arrayMap(
            age -> toInt64(round(1e6 * exp2(-age / {{ half_life_ms }}))), ages_ms
        ) as time_decay_weights,
        arrayMap(
            place -> if(visits > 2 and place in (1, visits), 2 * (visits - 2), 1), places
        ) as position_weights
    from {{ ref('int_order_touchpoints') }}
),

weighed as (
    select
        *,
        {% for rule in rules -%}
            if(
                visits = 0,
                [toInt64(1)],
                arrayMap(
                    name -> toInt64(
                        arraySum(
                            (weight, channel) -> if(channel = name, weight, 0),
                            {{ rule }}_weights,
                            channels
                        )
                    ),
                    by_channel
                )
            ) as {{ rule }}_of,
        {% endfor -%}
        arrayMap(name -> countEqual(channels, name), by_channel) as visit_counts
    from touched
)

select
    order_id,
    order_date,
    with_bots,
    channel,
    {% for rule in rules -%}
        toInt64({{ rule }}) as {{ rule }}_minor,
    {% endfor -%}
    toInt64(visit_count) as touchpoints
from weighed
array join
    {% for rule in rules -%}
        {{ largest_remainder('total_minor', rule ~ '_of') }} as {{ rule }},
    {% endfor -%}
    visit_counts as visit_count,
    by_channel as channel
