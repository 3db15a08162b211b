-- A day is compared with the same weekdays of the eight weeks before on which no code held for the
-- same lines; fewer than two of them are no baseline.
{{ config(order_by='(code, day)') }}

with held as (
    select * from {{ ref('int_promotion_days') }}
),

days as (
    select * from {{ ref('int_department_days') }}
),

promoted as (
    select
        currency,
        day,
        groupArray(department) as departments
    from held
    group by currency, day
),

weeks as (
    select
        code,
        day,
        department,
        currency,
        day - 7 * week as base_day
    from held
    array join range(1, 9) as week
    where base_day >= (select min(days.order_date) from days)
),

free as (
    select
        weeks.code as code,
        weeks.day as day,
        toFloat64(days.orders) as orders,
        toFloat64(days.sales_minor) as sales_minor,
        if(days.orders = 0, 0, toFloat64(days.margin_minor)) as margin_minor
    from weeks
    left join promoted
        on weeks.currency = promoted.currency and weeks.base_day = promoted.day
    left join days
        on
            weeks.currency = days.currency
            and weeks.department = days.department
            and weeks.base_day = days.order_date
    where
        empty(promoted.departments)
        or (weeks.department != '' and not hasAny(promoted.departments, ['', weeks.department]))
),

gathered as (
    select
        code,
        day,
        toInt64(count()) as weekdays,
        groupArray(orders) as orders,
        groupArray(sales_minor) as sales_minors,
        groupArray(margin_minor) as margin_minors
    from free
    group by code, day
),

baselines as (
    select
        code,
        day,
        weekdays,
        if(weekdays >= 2, arrayReduce('quantileExactInclusive(0.5)', orders), null)
            as median_orders,
        if(weekdays >= 2, arrayReduce('quantileExactInclusive(0.5)', sales_minors), null)
            as median_sales_minor,
        if(
            weekdays >= 2 and length(margin_minors) = weekdays,
            arrayReduce('quantileExactInclusive(0.5)', margin_minors),
            null
        ) as median_margin_minor
    from gathered
),

coupons as (
    select
        order_id,
        code,
        toDate(occurred_at) as day,
        amount_minor
    from {{ ref('stg_orders__coupons') }}
),

discounts as (
    select
        code,
        day,
        sum(amount_minor) as discount_minor
    from coupons
    group by code, day
),

used as (
    select
        coupons.code as code,
        coupons.day as day,
        toInt64(uniqExact(lines.order_id)) as orders,
        sum(lines.total_minor) as sales_minor
    from {{ ref('fct_order_lines') }} as lines
    inner join coupons on lines.order_id = coupons.order_id
    inner join held on coupons.code = held.code and coupons.day = held.day
    where
        lines.order_date in (select discounts.day from discounts)
        and (held.department = '' or held.department = lines.department)
    group by code, day
)

select
    held.code as code,
    held.day as day,
    held.currency as currency,
    held.department as department,
    held.kind as kind,
    held.value as value,
    held.hours as hours,
    toInt64(
        if(
            held.department = '',
            length(promoted.departments),
            countEqual(promoted.departments, '')
            + countEqual(promoted.departments, held.department)
        )
    ) - 1 as other_codes,
    days.orders as orders,
    days.sales_minor as sales_minor,
    if(days.orders = 0, 0, days.margin_minor) as margin_minor,
    used.orders as orders_with_code,
    used.sales_minor as sales_with_code_minor,
    discounts.discount_minor as discount_minor,
    baselines.weekdays as baseline_days,
    baselines.median_orders as baseline_orders,
    baselines.median_sales_minor as baseline_sales_minor,
    baselines.median_margin_minor as baseline_margin_minor,
    days.orders - baselines.median_orders as uplift_orders,
    days.sales_minor - baselines.median_sales_minor as uplift_sales_minor,
    if(days.orders = 0, 0, days.margin_minor) - baselines.median_margin_minor as uplift_margin_minor
from held
inner join promoted on held.currency = promoted.currency and held.day = promoted.day
left join days
    on
        held.currency = days.currency
        and held.department = days.department
        and held.day = days.order_date
left join baselines on held.code = baselines.code and held.day = baselines.day
left join used on held.code = used.code and held.day = used.day
left join discounts on held.code = discounts.code and held.day = discounts.day
