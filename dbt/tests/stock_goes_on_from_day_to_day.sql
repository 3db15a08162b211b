-- What a day closed with is what the next one opens with; of a day on which as much came as went,
-- nobody can tell.
with days as (
    select
        sku,
        stock_date,
        opening_units,
        closing_units,
        lagInFrame(toNullable(closing_units)) over before as closed_with,
        lagInFrame(toNullable(opening_units)) over before as opened_with
    from {{ ref('fct_stock_days') }}
    window before as (
        partition by sku order by stock_date
        rows between unbounded preceding and current row
    )
)

select *
from days
where
    closed_with is not null
    and opening_units != closing_units
    and opened_with != closed_with
    and opening_units != closed_with
