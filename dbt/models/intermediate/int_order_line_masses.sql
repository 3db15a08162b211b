{{ config(materialized='table', order_by='(order_id, line_number)') }}

-- The lines of the run's days, and of orders of which something came back on these.
-- A line has a row for the set of its order's day, and for each later one that restates that day.
select
    lines.order_id as order_id,
    lines.line_number as line_number,
    lines.order_date as order_date,
    sets.factor_set_version as factor_set_version,
    toUInt8(lines.order_date < sets.valid_from) as is_restated,
    lines.sku as sku,
    lines.quantity as quantity,
    lines.list_minor as list_minor,
    lines.subject as subject,
    lines.store_id as store_id,
    lines.region as region,
    orders.packaging as packaging,
    orders.delivery_mode as delivery_mode,
    lines.department as department,
    lines.category as category,
    lines.vendor_id as vendor_id,
    products.mass_grams <= coalesce(categories.max_mass_grams, products.mass_grams) as is_stated,
    toInt64(
        if(is_stated, products.mass_grams, categories.typical_mass_grams)
        * lines.quantity * if(lines.unit = 'milli', 1, 1000)
    ) as mass_mg
from {{ ref('fct_order_lines') }} as lines
inner join {{ ref('int_orders') }} as orders on lines.order_id = orders.order_id
cross join {{ ref('factor_sets') }} as sets
left join {{ ref('dim_products') }} as products on lines.sku = products.sku
left join {{ ref('category_factors') }} as categories
    on
        sets.factor_set_version = categories.factor_set_version
        and products.department = categories.department
        and products.category = categories.category
where
    {{ is_emitting('lines') }}
    and lines.order_date >= least(sets.valid_from, coalesce(sets.restates_from, sets.valid_from))
    and lines.order_date <= coalesce(sets.valid_to, lines.order_date)
