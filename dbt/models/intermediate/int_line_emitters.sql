-- What the goods of a line emit: cradle to shelf, and as waste where their material tells.
with lines as (
    select
        masses.order_id as order_id,
        masses.line_number as line_number,
        masses.order_date as order_date,
        masses.factor_set_version as factor_set_version,
        masses.is_restated as is_restated,
        masses.mass_mg as mass_mg,
        materials.factor_id as factor_id,
        materials.thousandths as thousandths,
        materials.method as method,
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
    where masses.mass_mg is not null and {{ in_days('masses.order_date') }}
)

select
    order_id,
    line_number,
    order_date,
    factor_set_version,
    is_restated,
    'product' as part,
    factor_id,
    assumeNotNull(mass_mg) as mass_mg,
    thousandths,
    quantity_ln_sq,
    method
from lines
union all
select
    lines.order_id as order_id,
    lines.line_number as line_number,
    lines.order_date as order_date,
    lines.factor_set_version as factor_set_version,
    lines.is_restated as is_restated,
    'end_of_life' as part,
    ends.end_of_life_factor_id as factor_id,
    assumeNotNull(lines.mass_mg) as mass_mg,
    lines.thousandths as thousandths,
    lines.quantity_ln_sq as quantity_ln_sq,
    'goods_recycled' as method
from lines
inner join {{ ref('end_of_life_factors') }} as ends
    on lines.factor_set_version = ends.factor_set_version and lines.factor_id = ends.factor_id
