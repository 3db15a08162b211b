{{ config(
    materialized='incremental',
    incremental_strategy='insert_overwrite',
    partition_by='order_date',
    order_by='order_id'
) }}

with lines as (
    select
        masses.*,
        toUInt8(
            masses.mass_mg is not null
            and (masses.factor_set_version, masses.sku) in (
                select
                    materials.factor_set_version,
                    materials.sku
                from {{ ref('int_product_materials') }} as materials
            )
        ) as covered
    from {{ ref('int_order_line_masses') }} as masses
    where masses.is_restated = 0 and {{ in_days('masses.order_date') }}
),

orders as (
    select
        order_id,
        order_date,
        factor_set_version,
        if(
            sum(list_minor) > 0,
            sumIf(list_minor, covered = 1) / sum(list_minor),
            avg(covered)
        ) as coverage
    from lines
    group by order_id, order_date, factor_set_version
),

parts as (
    select
        order_id,
        sumIf(co2e_ug, part = 'product') as product_ug,
        sumIf(co2e_ug, part = 'packaging') as packaging_ug,
        sumIf(co2e_ug, part = 'transport') as transport_ug,
        sumIf(co2e_ug, part = 'warehouse') as warehouse_ug,
        sumIf(co2e_ug, part = 'end_of_life') as end_of_life_ug,
        sum(co2e_ug) as total_ug,
        sum(low_ug) as low_ug,
        sum(high_ug) as high_ug
    from {{ ref('fct_footprints') }}
    where is_restated = 0 and part != 'return' and {{ in_days('booked_on') }}
    group by order_id
)

select
    orders.order_id as order_id,
    orders.order_date as order_date,
    parts.product_ug / 1e9 as product_kg,
    parts.packaging_ug / 1e9 as packaging_kg,
    parts.transport_ug / 1e9 as transport_kg,
    parts.warehouse_ug / 1e9 as warehouse_kg,
    parts.end_of_life_ug / 1e9 as end_of_life_kg,
    parts.total_ug / 1e9 as total_kg,
    parts.low_ug / 1e9 as low_kg,
    parts.high_ug / 1e9 as high_kg,
    parts.total_ug as total_ug,
    orders.factor_set_version as factor_set_version,
    orders.coverage as coverage
from orders
left join parts on orders.order_id = parts.order_id
