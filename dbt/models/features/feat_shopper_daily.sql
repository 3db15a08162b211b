-- The day after the run's last one is there too: its start is known once the last day is over.
{{ config(partition_by='as_of', order_by='(subject, as_of)') }}
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
        minIf(day, orders > 0) as first_order,
        maxIf(day, orders > 0 and day < first_day - {{ window_days }}) as last_before
    from activity
    cross join bounds
    group by subject
    having countIf(orders > 0) > 0
),

grid as (
    select
        subject,
        first_order,
        last_before,
        first_day,
        arrayJoin(arrayMap(
            n -> first_day - {{ window_days }} + n,
            range(toUInt32(last_day - first_day + {{ window_days }} + 1))
        )) as day
    from shoppers
    cross join bounds
),

rolled as (
    select
        grid.subject as subject,
        grid.day as as_of,
        grid.first_day as first_day,
        grid.first_order as first_order,
        greatest(
            grid.last_before,
            max(if(activity.orders > 0, grid.day, toDate(0))) over before
        ) as last_order,
        sum(activity.orders) over recent as orders_90d,
        sum(activity.amount_minor) over recent as amount_90d,
        sum(activity.refunds) over recent as refunds_90d
    from grid
    left join activity on grid.subject = activity.subject and grid.day = activity.day
    window
        recent as (
            partition by grid.subject order by grid.day
            range between {{ window_days }} preceding and 1 preceding
        ),
        before as (
            partition by grid.subject order by grid.day
            range between unbounded preceding and 1 preceding
        )
)

select
    as_of,
    subject,
    toInt64(orders_90d) as orders_90d,
    if(orders_90d = 0, null, amount_90d / orders_90d) as mean_amount_90d_minor,
    toInt64(as_of - first_order) as days_since_first_order,
    toInt64(as_of - last_order) as days_since_last_order,
    toInt64(refunds_90d) as refunds_90d
from rolled
where as_of >= first_day and first_order < as_of
