-- What comes back goes the order's way again, without its packaging, under the order's sets.
with back as (
    select
        toDate(occurred_at) as returned_on,
        order_id,
        line_number,
        sum(restocked + written_off) as units
    from {{ ref('stg_returns__received') }}
    where {{ in_days('occurred_at') }}
    group by returned_on, order_id, line_number
),

masses as (
    select * from {{ ref('int_order_line_masses') }}
    where
        order_id in (select back.order_id from back)
        and mass_mg is not null
        and quantity > 0
)

select
    back.returned_on as returned_on,
    masses.order_id as order_id,
    masses.line_number as line_number,
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
    legs.leg as leg,
    legs.stage as stage,
    legs.factor_id as factor_id,
    toInt64(
        {{ divided('assumeNotNull(masses.mass_mg) * back.units', 'masses.quantity') }}
    ) as mass_mg,
    {{ leg_m('ways.way_m', 'legs') }} as thousandths,
    mass_quality.ln_sq + way_quality.ln_sq as quantity_ln_sq,
    ways.quality_class as method
from back
inner join masses on back.order_id = masses.order_id and back.line_number = masses.line_number
inner join {{ ref('int_order_ways') }} as ways
    on masses.order_id = ways.order_id and masses.factor_set_version = ways.factor_set_version
inner join {{ ref('delivery_legs') }} as legs
    on
        ways.factor_set_version = legs.factor_set_version
        and ways.delivery_mode = legs.delivery_mode
inner join {{ ref('int_data_quality') }} as mass_quality
    on
        masses.factor_set_version = mass_quality.factor_set_version
        and mass_quality.quality_class = if(masses.is_stated, 'mass_stated', 'mass_typical')
inner join {{ ref('int_data_quality') }} as way_quality
    on
        ways.factor_set_version = way_quality.factor_set_version
        and ways.quality_class = way_quality.quality_class
where {{ is_on_way('ways.way_m', 'legs') }}
