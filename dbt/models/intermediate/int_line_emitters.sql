-- What the goods of a line emit: cradle to shelf, and as waste where their material tells.
with emitting as (
    select
        masses.order_id as order_id,
        masses.line_number as line_number,
        masses.order_date as order_date,
        masses.factor_set_version as factor_set_version,
        masses.is_restated as is_restated,
        masses.subject as subject,
        masses.store_id as store_id,
        masses.region as region,
        masses.packaging as packaging,
        masses.delivery_mode as delivery_mode,
        masses.department as department,
        masses.category as category,
        masses.vendor_id as vendor_id,
        masses.mass_mg as mass_mg,
        materials.factor_id as material_factor_id,
        materials.thousandths as thousandths,
        materials.method as material_method,
        ends.end_of_life_factor_id as end_factor_id,
        mass_quality.ln_sq + share_quality.ln_sq as quantity_ln_sq
    from {{ ref('int_order_line_masses') }} as masses
    inner join {{ ref('int_product_materials') }} as materials
        on
            masses.factor_set_version = materials.factor_set_version
            and masses.sku = materials.sku
    inner join {{ ref('int_data_quality') }} as mass_quality
        on
            masses.factor_set_version = mass_quality.factor_set_version
            and if(masses.is_stated, 'mass_stated', 'mass_typical') = mass_quality.quality_class
    inner join {{ ref('int_data_quality') }} as share_quality
        on
            materials.factor_set_version = share_quality.factor_set_version
            and materials.quality_class = share_quality.quality_class
    left join {{ ref('end_of_life_factors') }} as ends
        on
            materials.factor_set_version = ends.factor_set_version
            and materials.factor_id = ends.factor_id
    where masses.mass_mg is not null and {{ in_days('masses.order_date') }}
)

select
    order_id,
    line_number,
    order_date,
    factor_set_version,
    is_restated,
    emitter.1 as part,
    emitter.2 as factor_id,
    subject,
    store_id,
    region,
    packaging,
    delivery_mode,
    department,
    category,
    vendor_id,
    assumeNotNull(mass_mg) as mass_mg,
    thousandths,
    quantity_ln_sq,
    emitter.3 as method
from emitting
array join
    arrayFilter(
        what -> what.2 != '',
        [
            ('product', material_factor_id, material_method),
            ('end_of_life', end_factor_id, 'goods_recycled')
        ]
    ) as emitter
