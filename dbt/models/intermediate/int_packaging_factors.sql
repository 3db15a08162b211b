with factors as (
    select
        factor_id,
        kg_co2e / unit_mass_kg as kg_co2e_per_kg
    from {{ ref('emission_factors') }}
    where factor_set_version = '{{ var("factor_set_version") }}'
)

select
    packaging.packaging as packaging,
    packaging.grams_each / 1000 as kg_each,
    packaging.capacity_kg as capacity_kg,
    packaging.trips as trips,
    factors.kg_co2e_per_kg as kg_co2e_per_kg
from {{ ref('packaging_assumptions') }} as packaging
left join factors on packaging.factor_id = factors.factor_id
where packaging.factor_set_version = '{{ var("factor_set_version") }}'
