select
    order_id,
    line_number,
    sku,
    quantity,
    unit,
    list_minor,
    discount_minor,
    line_total_minor as total_minor,
    tax_rate_bp,
    line_tax_minor as tax_minor,
    toDate(occurred_at) as order_date,
    occurred_at as ordered_at,
    subject,
    store_id,
    source_ref
from {{ ref('stg_orders__completed') }}
array join
    line_numbers as line_number,
    skus as sku,
    quantities as quantity,
    line_units as unit,
    list_minors as list_minor,
    discount_minors as discount_minor,
    total_minors as line_total_minor,
    tax_rate_bps as tax_rate_bp,
    tax_minors as line_tax_minor
