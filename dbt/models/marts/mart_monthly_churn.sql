{{ config(order_by='month') }}
{#- Stands for the next order of whoever has none: the last day that a Date can be. -#}
{%- set never = "toDate('2149-06-06')" %}

with shoppers as (
    select
        subject,
        arraySort(groupUniqArray(order_date)) as order_dates
    from {{ ref('int_purchases') }}
    group by subject
),

steps as (
    select
        order_date,
        next_date,
        number,
        order_date + {{ var('churn_days') }} as lapses_on
    from shoppers
    array join
        order_dates as order_date,
        arrayPushBack(arrayPopFront(order_dates), {{ never }}) as next_date,
        arrayEnumerate(order_dates) as number
),

lapses as (
    select
        lapses_on,
        next_date
    from steps
    where
        next_date > lapses_on
        and lapses_on < (select max(order_date) + 1 from {{ ref('int_purchases') }})
),

changes as (
    select
        toStartOfMonth(order_date) as month,
        1 as came,
        0 as came_back,
        0 as went
    from steps
    where number = 1
    union all
    select
        toStartOfMonth(next_date) as month,
        0 as came,
        1 as came_back,
        0 as went
    from lapses
    where next_date < {{ never }}
    union all
    select
        toStartOfMonth(lapses_on) as month,
        0 as came,
        0 as came_back,
        1 as went
    from lapses
),

months as (
    select
        month,
        toInt64(sum(came)) as new_shoppers,
        toInt64(sum(came_back)) as returned,
        toInt64(sum(went)) as churned
    from changes
    group by month
    order by month with fill step interval 1 month
),

standing as (
    select
        *,
        sum(new_shoppers + returned - churned) over (
            order by month rows between unbounded preceding and current row
        ) as active_at_end
    from months
)

select
    month,
    toInt64(active_at_end - new_shoppers - returned + churned) as active_at_start,
    new_shoppers,
    returned,
    churned,
    toInt64(active_at_end) as active_at_end,
    if(active_at_start > 0, churned / active_at_start, 0) as churn_rate
from standing
