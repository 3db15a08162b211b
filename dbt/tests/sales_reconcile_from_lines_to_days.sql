-- The same money and the same orders stand in the staged events, the facts and the mart.
with totals as (
    select
        (select sum(total_minor) from {{ ref('stg_orders__completed') }}) as staged,
        (select sum(total_minor) from {{ ref('fct_orders') }}) as orders,
        (select sum(total_minor) from {{ ref('fct_order_lines') }}) as lines,
        (select sum(sales_minor) from {{ ref('mart_sales') }}) as days,
        (select sum(sales_minor) from {{ ref('feat_sku_daily') }}) as skus,
        (select sum(amount_minor) from {{ ref('fct_refunds') }}) as refunds,
        (select sum(refunded_minor) from {{ ref('mart_sales') }}) as refunds_of_days,
        (select sum(amount_minor) from {{ ref('fct_chargebacks') }}) as chargebacks,
        (select sum(charged_back_minor) from {{ ref('mart_sales') }}) as chargebacks_of_days,
        (select sum(commission_minor) from {{ ref('fct_commission') }}) as commission,
        (select sum(commission_minor) from {{ ref('mart_sales') }}) as commission_of_days,
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
    and refunds = refunds_of_days and chargebacks = chargebacks_of_days
    and commission = commission_of_days
    and staged_tax = order_tax and order_tax = line_tax
    and staged_orders = fact_orders and fact_lines = lines_count
)
