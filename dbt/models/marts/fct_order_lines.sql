{{ config(
    materialized='incremental',
    incremental_strategy='insert_overwrite',
    partition_by='order_date',
    order_by='(ordered_at, order_id, line_number)'
) }}

with lines as (
    select * from {{ ref('int_order_lines') }}
    where {{ in_days('order_date') }}
),

commission as (
    select
        order_id,
        line_number,
        vendor_id,
        commission_minor,
        1 as known
    from {{ ref('int_commission_lines') }}
    where cause = 'sale' and {{ in_days('booked_at') }}
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
    lines.source_ref as source_ref,
    lines.channel as channel,
    lines.region as region,
    lines.currency as currency,
    if(commission.known, commission.vendor_id, products.vendor_id) as vendor_id,
    if(commission.known, commission.commission_minor, null) as commission_minor,
    -- A vendor's goods cost what is owed to it; what the store's own cost is not recorded.
    if(
        commission.known and commission.vendor_id != '',
        lines.total_minor - commission.commission_minor,
        null
    ) as cost_minor,
    lines.total_minor - cost_minor as margin_minor
from lines
left join {{ ref('dim_products') }} as products on lines.sku = products.sku
left join commission
    on lines.order_id = commission.order_id and lines.line_number = commission.line_number
