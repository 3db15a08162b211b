-- The same money and the same orders stand in the staged events, the facts and the mart.
with totals as (
    select
        (select sum(total_minor) from {{ ref('stg_orders__completed') }}) as staged,
        (select sum(total_minor) from {{ ref('fct_orders') }}) as orders,
        (select sum(total_minor) from {{ ref('fct_order_lines') }}) as lines,
        (select sum(sales_minor) from {{ ref('mart_daily_sales') }}) as days,
        (select sum(sales_minor) from {{ ref('feat_sku_daily') }}) as skus,
        (select coalesce(sum(tax_minor), 0) from {{ ref('stg_orders__completed') }}) as staged_tax,
        (select coalesce(sum(tax_minor), 0) from {{ ref('fct_orders') }}) as order_tax,
        (select coalesce(sum(tax_minor), 0) from {{ ref('fct_order_lines') }}) as line_tax,
        (select count() from {{ ref('stg_orders__completed') }}) as staged_orders,
        (select count() from {{ ref('fct_orders') }}) as fact_orders,
        (select sum(line_count) from {{ ref('fct_orders') }}) as fact_lines,
        (select count() from {{ ref('fct_order_lines') }}) as lines_count
)

select * from totals
where not (
    staged = orders and orders = lines and lines = days and days = skus
    and staged_tax = order_tax and order_tax = line_tax
    and staged_orders = fact_orders and fact_lines = lines_count
)
