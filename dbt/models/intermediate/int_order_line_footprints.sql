with lines as (
    select
        lines.order_id as order_id,
        lines.line_number as line_number,
        lines.order_date as order_date,
        lines.list_minor as list_minor,
        lines.quantity / if(lines.unit = 'milli', 1000, 1) as whole_units,
        factors.kg_co2e_per_kg as kg_co2e_per_kg,
        if(
            products.mass_grams <= COALESCE(factors.max_mass_grams, products.mass_grams),
            products.mass_grams,
            factors.typical_mass_grams
        ) as unit_grams
    from {{ ref('int_order_lines') }} as lines
    left join {{ ref('dim_products') }} as products on lines.sku = products.sku
    left join {{ ref('int_category_factors') }} as factors
        on products.department = factors.department and products.category = factors.category
)

select
    order_id,
    line_number,
    order_date,
    list_minor,
    unit_grams * whole_units / 1000 as mass_kg,
    mass_kg * kg_co2e_per_kg as product_kg,
    toUInt8(product_kg is not null) as covered
from lines
