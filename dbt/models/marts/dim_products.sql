{{ config(order_by='sku') }}

with latest as (
    select
        *,
        min(occurred_at) over (partition by sku) as first_seen_at
    from {{ ref('stg_catalog__products') }}
    order by sku asc, occurred_at desc, event_id desc
    limit 1 by sku
),

unknown as (
    -- Orders name products that no catalogue ever stated; their lines must find a member.
    select
        sku,
        min(unit) as unit,
        min(ordered_at) as first_seen_at
    from {{ ref('int_order_lines') }}
    where sku not in (select latest.sku from latest)
    group by sku
)

select
    sku,
    product_id,
    name,
    vendor_id,
    brand,
    department,
    category,
    product_type,
    package_size,
    mass_grams,
    unit,
    currency,
    toNullable(list_price_minor) as list_price_minor,
    first_seen_at,
    toUInt8(1) as in_catalogue
from latest
union all
select
    sku,
    '' as product_id,
    'Unknown product' as name,
    '' as vendor_id,
    '' as brand,
    'UNKNOWN' as department,
    'UNKNOWN' as category,
    '' as product_type,
    '' as package_size,
    null as mass_grams,
    unit,
    '' as currency,
    null as list_price_minor,
    first_seen_at,
    toUInt8(0) as in_catalogue
from unknown
