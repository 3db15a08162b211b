{{ config(
    materialized='incremental',
    incremental_strategy='insert_overwrite',
    partition_by='order_date',
    order_by='(order_date, baseline_id, packaging, delivery_mode, part)'
) }}

with emitters as (
    select * from {{ ref('int_order_emitters') }}
    where is_restated = 0
    union all
    select * from {{ ref('int_baseline_emitters') }}
),

figures as (
    select
        emitters.order_date as order_date,
        emitters.baseline_id as baseline_id,
        emitters.packaging as packaging,
        emitters.delivery_mode as delivery_mode,
        emitters.part as part,
        emitters.factor_set_version as factor_set_version,
        sum(
            {{ co2e_ug('emitters.mass_mg', 'emitters.thousandths', 'factors.ug_per_unit') }}
        ) as co2e_ug
    from emitters
    inner join {{ ref('int_factors') }} as factors
        on
            emitters.factor_set_version = factors.factor_set_version
            and emitters.factor_id = factors.factor_id
    group by order_date, baseline_id, packaging, delivery_mode, part, factor_set_version
)

select
    figures.order_date as order_date,
    baselines.baseline_id as baseline_id,
    figures.packaging as packaging,
    figures.delivery_mode as delivery_mode,
    figures.part as part,
    figures.factor_set_version as factor_set_version,
    toInt64(sumIf(figures.co2e_ug, figures.baseline_id = '')) as emitted_ug,
    toInt64(sumIf(figures.co2e_ug, figures.baseline_id != '')) as baseline_ug,
    toInt64(baseline_ug - emitted_ug) as avoided_ug
from figures
cross join {{ ref('footprint_baselines') }} as baselines
where figures.baseline_id in ('', baselines.baseline_id)
group by order_date, baseline_id, packaging, delivery_mode, part, factor_set_version
