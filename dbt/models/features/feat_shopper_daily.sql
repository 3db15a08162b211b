-- The day after the run's last one is there too: its start is known once the last day is over.
{{ config(partition_by='as_of', order_by='(subject, as_of)', meta={'days': 'as_of'}) }}
{%- set window_days = 90 %}
with activity as (
    select * from {{ ref('int_shopper_activity') }}
),

bounds as (
    select distinct
        {{ first_day('min(day)') }} as first_day,
        {{ end_day('max(day) + 1') }} as last_day
    from activity
),

shoppers as (
    select
        subject,
        first_day,
        last_day,
        minIf(day, orders > 0) as first_order,
        groupArrayIf(day, orders > 0) as order_days,
        groupArrayIf(
            (day, orders, amount_minor, refunds), day >= first_day - {{ window_days }}
        ) as acts
    from activity
    cross join bounds
    group by subject, first_day, last_day
    having notEmpty(order_days)
),

-- An array of what a shopper did is looked through for each day: a row for each day of the window,
-- whether anything happened on it or not, would be ninety times as many.
days as (
    select
        subject,
        first_order,
        arrayJoin(
            arrayMap(n -> first_day + n, range(toUInt32(last_day - first_day + 1)))
        ) as as_of,
        arrayMax(arrayFilter(day -> day < as_of, order_days)) as last_order,
        arrayFilter(act -> act.1 >= as_of - {{ window_days }} and act.1 < as_of, acts) as recent,
        arraySum(recent.2) as orders_90d,
        arraySum(recent.3) as amount_90d,
        arraySum(recent.4) as refunds_90d
    from shoppers
    where first_order < as_of
)

select
    as_of,
    subject,
    toInt64(orders_90d) as orders_90d,
    if(orders_90d = 0, null, amount_90d / orders_90d) as mean_amount_90d_minor,
    toInt64(as_of - first_order) as days_since_first_order,
    toInt64(as_of - last_order) as days_since_last_order,
    toInt64(refunds_90d) as refunds_90d
from days
