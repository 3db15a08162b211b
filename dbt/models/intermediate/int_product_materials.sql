-- What a vendor declared a product to be made of, if it is the whole of it and every material has a
-- factor; else the one factor that stands for its category.
with declared as (
    select
        factors.factor_set_version as factor_set_version,
        materials.product_id as product_id,
        factors.factor_id as factor_id,
        materials.share_percent as share_percent,
        sum(materials.share_percent) over (
            partition by factors.factor_set_version, materials.product_id
        ) as known_percent
    from {{ ref('stg_catalog__materials') }} as materials
    inner join {{ ref('int_factors') }} as factors
        on materials.material = splitByChar('.', factors.factor_id)[2]
    where factors.kind in ('food', 'material')
),

whole as (
    select * from declared
    where known_percent = 100
)

select
    whole.factor_set_version as factor_set_version,
    products.sku as sku,
    whole.factor_id as factor_id,
    toInt64(whole.share_percent * 10) as thousandths,
    'declared_materials' as method,
    'share_declared' as quality_class
from {{ ref('dim_products') }} as products
inner join whole on products.product_id = whole.product_id
union all
select
    categories.factor_set_version as factor_set_version,
    products.sku as sku,
    categories.factor_id as factor_id,
    toInt64(1000) as thousandths,
    'category_average' as method,
    'share_category' as quality_class
from {{ ref('dim_products') }} as products
inner join {{ ref('category_factors') }} as categories
    on products.department = categories.department and products.category = categories.category
where
    categories.factor_id != ''
    and (categories.factor_set_version, products.product_id) not in (
        select
            whole.factor_set_version,
            whole.product_id
        from whole
    )
