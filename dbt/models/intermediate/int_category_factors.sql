with factors as (
    select
        factor_id,
        kg_co2e / unit_mass_kg as kg_co2e_per_kg
    from {{ ref('emission_factors') }}
    where factor_set_version = '{{ var("factor_set_version") }}'
)

select
    categories.department as department,
    categories.category as category,
    categories.factor_id as factor_id,
    if(factors.factor_id = '', null, factors.kg_co2e_per_kg) as kg_co2e_per_kg,
    categories.typical_mass_grams as typical_mass_grams,
    categories.max_mass_grams as max_mass_grams
from {{ ref('category_factors') }} as categories
left join factors on categories.factor_id = factors.factor_id
where categories.factor_set_version = '{{ var("factor_set_version") }}'
