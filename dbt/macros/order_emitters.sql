{#- What orders emit as a whole in a scenario: packaging and that as waste, the store's energy, and each
    leg of the way. -#}
{% macro order_emitters(scenario) -%}
with templates as (
    select
        packs.factor_set_version as factor_set_version,
        'packaging' as part,
        packs.factor_id as asked_for,
        '' as leg,
        '' as stage,
        toInt64(0) as from_km,
        toNullable(toInt64(0)) as to_km,
        toNullable(toInt64(0)) as last_km,
        toInt64(1000) as thousandths,
        packs.factor_id as factor_id,
        'material_mass' as method
    from (
        select distinct
            factor_set_version,
            factor_id
        from {{ ref('packaging_assumptions') }}
        where factor_id != ''
    ) as packs
    union all
    select
        ends.factor_set_version as factor_set_version,
        'end_of_life' as part,
        ends.factor_id as asked_for,
        '' as leg,
        '' as stage,
        0 as from_km,
        0 as to_km,
        0 as last_km,
        1000 as thousandths,
        ends.end_of_life_factor_id as factor_id,
        'packaging_recycled' as method
    from {{ ref('end_of_life_factors') }} as ends
    union all
    select
        factor_set_version,
        'warehouse' as part,
        '' as asked_for,
        '' as leg,
        stage,
        0 as from_km,
        0 as to_km,
        0 as last_km,
        wh_per_kg as thousandths,
        factor_id,
        'energy_by_mass' as method
    from {{ ref('handling_energy') }}
    union all
    select
        factor_set_version,
        'transport' as part,
        delivery_mode as asked_for,
        leg,
        stage,
        from_km,
        to_km,
        last_km,
        0 as thousandths,
        factor_id,
        '' as method
    from {{ ref('delivery_legs') }}
),

quality as (
    select
        factor_set_version,
        sumIf(ln_sq, quality_class = 'mass_of_order') as mass,
        sumIf(ln_sq, quality_class = 'packaging') as packaging,
        sumIf(ln_sq, quality_class = 'handling') as handling,
        sumIf(ln_sq, quality_class = 'way_stated') as way_stated,
        sumIf(ln_sq, quality_class = 'way_great_circle') as way_great_circle
    from {{ ref('int_data_quality') }}
    group by factor_set_version
),

asking as (
    select
        packages.*,
        part,
        asked_for
    from {{ ref('int_order_packages') }} as packages
    array join
        ['packaging', 'end_of_life', 'warehouse', 'transport'] as part,
        [factor_id, factor_id, '', goes_by] as asked_for
    where {{ scenario }}
)

select
    asking.order_id as order_id,
    asking.order_date as order_date,
    asking.factor_set_version as factor_set_version,
    asking.is_restated as is_restated,
    asking.baseline_id as baseline_id,
    asking.subject as subject,
    asking.store_id as store_id,
    asking.region as region,
    asking.packaging as packaging,
    asking.delivery_mode as delivery_mode,
    templates.part as part,
    templates.leg as leg,
    templates.stage as stage,
    templates.factor_id as factor_id,
    multiIf(
        templates.part = 'transport',
        asking.goods_mg + asking.pack_mg,
        templates.part = 'warehouse',
        asking.goods_mg,
        asking.use_mg
    ) as mass_mg,
    if(
        templates.part = 'transport',
        {{ leg_m('asking.way_m', 'templates') }},
        templates.thousandths
    ) as thousandths,
    multiIf(
        templates.part = 'transport',
        quality.mass
        + if(asking.way_class = 'way_stated', quality.way_stated, quality.way_great_circle),
        templates.part = 'warehouse',
        quality.mass + quality.handling,
        quality.packaging
    ) as quantity_ln_sq,
    if(templates.part = 'transport', asking.way_class, templates.method) as method
from asking
inner join templates
    on
        asking.factor_set_version = templates.factor_set_version
        and asking.part = templates.part
        and asking.asked_for = templates.asked_for
inner join quality on asking.factor_set_version = quality.factor_set_version
where templates.part != 'transport' or ({{ is_on_way('asking.way_m', 'templates') }})
{%- endmacro %}
