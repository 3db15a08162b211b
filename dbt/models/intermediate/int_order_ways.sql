-- The way that an order states, or the great circle between its warehouse and its area times the
-- detour of roads; none where neither is known.
with allocated as (
    select
        allocations.order_id as order_id,
        argMax(warehouse_id, (allocations.units, allocations.warehouse_id)) as warehouse_id
    from {{ ref('stg_inventory__allocations') }} as allocations
    group by order_id
),

placed as (
    select
        orders.order_id as order_id,
        places.country as country,
        greatCircleDistance(
            assumeNotNull(warehouses.longitude),
            assumeNotNull(warehouses.latitude),
            places.longitude,
            places.latitude
        ) as straight_m
    from {{ ref('int_orders') }} as orders
    inner join allocated on orders.order_id = allocated.order_id
    inner join {{ ref('stg_inventory__warehouses') }} as warehouses
        on allocated.warehouse_id = warehouses.warehouse_id
    inner join {{ ref('places') }} as places on orders.area = places.area
    where
        {{ is_emitting('orders') }}
        and orders.distance_km = 0
        and orders.delivery_mode != 'collect'
        and warehouses.latitude is not null
)

select
    orders.order_id as order_id,
    orders.order_date as order_date,
    sets.factor_set_version as factor_set_version,
    orders.packaging as packaging,
    orders.delivery_mode as delivery_mode,
    toInt64(
        if(
            orders.distance_km > 0,
            round(1000 * orders.distance_km),
            round(placed.straight_m * detours.detour_factor)
        )
    ) as way_m,
    if(orders.distance_km > 0, 'way_stated', 'way_great_circle') as quality_class
from {{ ref('int_orders') }} as orders
cross join {{ ref('factor_sets') }} as sets
left join placed on orders.order_id = placed.order_id
left join {{ ref('detour_factors') }} as detours
    on sets.factor_set_version = detours.factor_set_version and placed.country = detours.country
where {{ is_emitting('orders') }}
