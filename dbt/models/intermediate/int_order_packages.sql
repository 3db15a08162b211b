-- What an order is packed in and how it goes, as it was, and as each baseline would have it.
with scenarios as (
    select
        '' as baseline_id,
        '' as packaging,
        '' as delivery_mode
    union all
    select
        baseline_id,
        packaging,
        delivery_mode
    from {{ ref('footprint_baselines') }}
),

goods as (
    select
        order_id,
        order_date,
        factor_set_version,
        is_restated,
        any(subject) as subject,
        any(store_id) as store_id,
        any(region) as region,
        any(packaging) as packaging,
        toInt64(sum(coalesce(mass_mg, 0))) as goods_mg
    from {{ ref('int_order_line_masses') }}
    where {{ in_days('order_date') }}
    group by order_id, order_date, factor_set_version, is_restated
),

packs as (
    select
        factor_set_version,
        packaging,
        factor_id,
        toInt64(round(1e6 * capacity_kg)) as capacity_mg,
        toInt64(round(1000 * grams_each)) as piece_mg,
        toInt64(trips) as trips
    from {{ ref('packaging_assumptions') }}
)

select
    goods.order_id as order_id,
    goods.order_date as order_date,
    goods.factor_set_version as factor_set_version,
    goods.is_restated as is_restated,
    goods.subject as subject,
    goods.store_id as store_id,
    goods.region as region,
    goods.packaging as packaging,
    scenarios.baseline_id as baseline_id,
    goods.goods_mg as goods_mg,
    ways.delivery_mode as delivery_mode,
    if(
        scenarios.baseline_id = '' or ways.delivery_mode = 'collect',
        ways.delivery_mode,
        scenarios.delivery_mode
    ) as goes_by,
    ways.way_m as way_m,
    ways.quality_class as way_class,
    packs.factor_id as factor_id,
    greatest(1, intDiv(goods.goods_mg + packs.capacity_mg - 1, packs.capacity_mg)) as pieces,
    toInt64(pieces * packs.piece_mg) as pack_mg,
    toInt64({{ divided('pack_mg', 'packs.trips') }}) as use_mg
from goods
cross join scenarios
inner join {{ ref('int_order_ways') }} as ways
    on goods.order_id = ways.order_id and goods.factor_set_version = ways.factor_set_version
inner join packs
    on
        goods.factor_set_version = packs.factor_set_version
        and if(scenarios.baseline_id = '', ways.packaging, scenarios.packaging) = packs.packaging
where scenarios.baseline_id = '' or goods.is_restated = 0
