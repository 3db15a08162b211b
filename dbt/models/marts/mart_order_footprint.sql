{{ config(
    materialized='incremental',
    incremental_strategy='insert_overwrite',
    partition_by='order_date',
    order_by='order_id'
) }}

with goods as (
    select
        order_id,
        COALESCE(sum(mass_kg), 0) as goods_kg,
        COALESCE(sum(product_kg), 0) as product_kg,
        if(
            sum(list_minor) > 0,
            sumIf(list_minor, covered = 1) / sum(list_minor),
            avg(covered)
        ) as coverage
    from {{ ref('int_order_line_footprints') }}
    where {{ in_days('order_date') }}
    group by order_id
),

packed as (
    select
        orders.order_id as order_id,
        orders.order_date as order_date,
        goods.product_kg as product_kg,
        goods.coverage as coverage,
        goods.goods_kg as goods_kg,
        orders.distance_km as distance_km,
        orders.delivery_mode as delivery_mode,
        packs.kg_each * greatest(1, ceil(goods.goods_kg / packs.capacity_kg)) as pack_kg,
        pack_kg / packs.trips * packs.kg_co2e_per_kg as packaging_kg
    from {{ ref('int_orders') }} as orders
    inner join goods on orders.order_id = goods.order_id
    left join {{ ref('int_packaging_factors') }} as packs on orders.packaging = packs.packaging
    where {{ in_days('orders.order_date') }}
)

select
    packed.order_id as order_id,
    packed.order_date as order_date,
    packed.product_kg as product_kg,
    packed.packaging_kg as packaging_kg,
    (packed.goods_kg + packed.pack_kg) * packed.distance_km
    * (delivery.direct_kg_co2e_per_kg_km + delivery.wtt_kg_co2e_per_kg_km) as transport_kg,
    packed.product_kg + packed.packaging_kg + transport_kg as total_kg,
    '{{ var("factor_set_version") }}' as factor_set_version,
    packed.coverage as coverage
from packed
left join {{ ref('int_delivery_factors') }} as delivery
    on packed.delivery_mode = delivery.delivery_mode
