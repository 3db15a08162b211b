with horizon as (
    select
        min(order_date) as first_day,
        max(order_date) as last_day
    from {{ ref('int_department_days') }}
),

promotions as (
    select
        code,
        kind,
        value,
        currency,
        department,
        starts_at,
        ends_at,
        greatest(toDate(starts_at), first_day) as since,
        least(coalesce(toDate(ends_at - interval 1 millisecond), last_day), last_day) as until
    from {{ ref('stg_catalog__promotions') }}
    cross join horizon
)

select
    code,
    kind,
    value,
    currency,
    department,
    since + days_on as day,
    dateDiff(
        'second',
        greatest(starts_at, toDateTime64(day, 3, 'UTC')),
        least(coalesce(ends_at, toDateTime64(day + 1, 3, 'UTC')), toDateTime64(day + 1, 3, 'UTC'))
    ) / 3600 as hours
from promotions
array join range(toUInt64(greatest(0, until - since + 1))) as days_on
