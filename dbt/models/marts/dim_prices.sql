{{ config(order_by='(sku, valid_from)') }}

with stated as (
    select
        sku,
        occurred_at,
        currency,
        list_price_minor,
        lagInFrame(toNullable(list_price_minor)) over told as before_minor,
        lagInFrame(currency) over told as currency_before
    from {{ ref('stg_catalog__products') }}
    window told as (
        partition by sku order by occurred_at, event_id
        rows between unbounded preceding and current row
    )
)

select
    sku,
    occurred_at as valid_from,
    leadInFrame(toNullable(occurred_at)) over (
        partition by sku order by occurred_at
        rows between unbounded preceding and unbounded following
    ) as valid_to,
    currency,
    list_price_minor,
    list_price_minor - before_minor as change_minor
from stated
where before_minor is null or before_minor != list_price_minor or currency_before != currency
