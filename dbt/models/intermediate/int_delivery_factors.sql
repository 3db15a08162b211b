with factors as (
    select
        factor_id,
        kg_co2e / unit_mass_kg as kg_co2e_per_kg_km
    from {{ ref('emission_factors') }}
    where factor_set_version = '{{ var("factor_set_version") }}'
)

select
    delivery.delivery_mode as delivery_mode,
    direct.kg_co2e_per_kg_km as direct_kg_co2e_per_kg_km,
    wtt.kg_co2e_per_kg_km as wtt_kg_co2e_per_kg_km
from {{ ref('delivery_factors') }} as delivery
left join factors as direct on delivery.direct_factor_id = direct.factor_id
left join factors as wtt on delivery.wtt_factor_id = wtt.factor_id
where delivery.factor_set_version = '{{ var("factor_set_version") }}'
