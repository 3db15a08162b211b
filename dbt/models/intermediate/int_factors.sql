select
    factors.factor_set_version as factor_set_version,
    factors.factor_id as factor_id,
    factors.kind as kind,
    factors.unit as unit,
    toInt64(round(factors.kg_co2e * 1e9 / factors.unit_mass_kg)) as ug_per_unit,
    quality.ln_sq as ln_sq
from {{ ref('emission_factors') }} as factors
inner join {{ ref('int_data_quality') }} as quality
    on
        factors.factor_set_version = quality.factor_set_version
        and factors.kind = quality.quality_class
