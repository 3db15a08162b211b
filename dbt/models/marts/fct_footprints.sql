{{ config(
    materialized='incremental',
    incremental_strategy='insert_overwrite',
    partition_by='booked_on',
    order_by='(booked_on, order_id, line_number)'
) }}

with emitters as (
    select
        order_date as booked_on,
        order_id,
        line_number,
        factor_set_version,
        is_restated,
        part,
        '' as leg,
        '' as stage,
        factor_id,
        subject,
        store_id,
        region,
        packaging,
        delivery_mode,
        department,
        category,
        vendor_id,
        mass_mg,
        thousandths,
        quantity_ln_sq,
        method
    from {{ ref('int_line_emitters') }}
    union all
    select
        order_date as booked_on,
        order_id,
        toUInt16(0) as line_number,
        factor_set_version,
        is_restated,
        part,
        leg,
        stage,
        factor_id,
        subject,
        store_id,
        region,
        packaging,
        delivery_mode,
        '' as department,
        '' as category,
        '' as vendor_id,
        mass_mg,
        thousandths,
        quantity_ln_sq,
        method
    from {{ ref('int_order_emitters') }}
    union all
    select
        returned_on as booked_on,
        order_id,
        line_number,
        factor_set_version,
        is_restated,
        'return' as part,
        leg,
        stage,
        factor_id,
        subject,
        store_id,
        region,
        packaging,
        delivery_mode,
        department,
        category,
        vendor_id,
        mass_mg,
        thousandths,
        quantity_ln_sq,
        method
    from {{ ref('int_return_emitters') }}
)

select
    emitters.booked_on as booked_on,
    emitters.order_id as order_id,
    emitters.line_number as line_number,
    toLowCardinality(emitters.part) as part,
    toLowCardinality(emitters.leg) as leg,
    toLowCardinality(emitters.stage) as stage,
    toFloat64(emitters.mass_mg) * emitters.thousandths
    / if(factors.unit = 'tonne.km', 1e12, 1e9) as quantity,
    toLowCardinality(
        multiIf(factors.unit = 'tonne.km', 'tonne.km', factors.unit = 'kWh', 'kWh', 'kg')
    ) as unit,
    toLowCardinality(emitters.factor_id) as factor_id,
    toLowCardinality(emitters.factor_set_version) as factor_set_version,
    emitters.is_restated as is_restated,
    toLowCardinality(emitters.method) as method,
    toLowCardinality(emitters.subject) as subject,
    toLowCardinality(emitters.store_id) as store_id,
    toLowCardinality(emitters.region) as region,
    toLowCardinality(emitters.packaging) as packaging,
    toLowCardinality(emitters.delivery_mode) as delivery_mode,
    toLowCardinality(emitters.department) as department,
    toLowCardinality(emitters.category) as category,
    toLowCardinality(emitters.vendor_id) as vendor_id,
    {{ co2e_ug('emitters.mass_mg', 'emitters.thousandths', 'factors.ug_per_unit') }} as co2e_ug,
    toInt64(round(1000 * exp(sqrt(emitters.quantity_ln_sq + factors.ln_sq)))) as spread_milli,
    toInt64({{ divided('co2e_ug * 1000', 'spread_milli') }}) as low_ug,
    toInt64({{ divided('co2e_ug * spread_milli', '1000') }}) as high_ug
from emitters
inner join {{ ref('int_factors') }} as factors
    on
        emitters.factor_set_version = factors.factor_set_version
        and emitters.factor_id = factors.factor_id
