{{ config(order_by='(target_id, month)') }}

with months as (
    select
        toStartOfMonth(order_date) as month,
        count() as orders,
        sum(total_ug) as emitted_ug
    from {{ ref('mart_order_footprint') }}
    group by month
),

bases as (
    select
        targets.target_id as target_id,
        targets.base_until as base_until,
        targets.yearly_reduction_percent as yearly_reduction_percent,
        avg(footprints.total_ug) as base_ug
    from {{ ref('footprint_targets') }} as targets
    cross join {{ ref('mart_order_footprint') }} as footprints
    where
        footprints.order_date >= targets.base_from
        and footprints.order_date < targets.base_until
    group by target_id, base_until, yearly_reduction_percent
)

select
    bases.target_id as target_id,
    months.month as month,
    toInt64(months.orders) as orders,
    toInt64(months.emitted_ug) as emitted_ug,
    months.emitted_ug / months.orders as ug_per_order,
    bases.base_ug as base_ug_per_order,
    greatest(
        0,
        bases.base_ug * (
            1 - bases.yearly_reduction_percent / 100
            * dateDiff('day', bases.base_until, months.month) / 365.25
        )
    ) as target_ug_per_order,
    toUInt8(ug_per_order <= target_ug_per_order) as is_met
from months
cross join bases
where months.month >= bases.base_until
