{{ config(
    materialized='incremental',
    incremental_strategy='insert_overwrite',
    partition_by='order_date',
    order_by='(ordered_at, order_id, line_number)'
) }}

with lines as (
    select * from {{ ref('int_order_lines') }}
    where {{ in_days('order_date') }}
)

select
    lines.order_id as order_id,
    lines.line_number as line_number,
    lines.sku as sku,
    lines.quantity as quantity,
    lines.unit as unit,
    lines.list_minor as list_minor,
    lines.discount_minor as discount_minor,
    lines.total_minor as total_minor,
    lines.tax_rate_bp as tax_rate_bp,
    lines.tax_minor as tax_minor,
    lines.order_date as order_date,
    lines.ordered_at as ordered_at,
    lines.subject as subject,
    lines.store_id as store_id,
    products.department as department,
    products.category as category,
    lines.source_ref as source_ref
from lines
left join {{ ref('dim_products') }} as products on lines.sku = products.sku
