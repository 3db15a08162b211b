select
    order_id,
    line_number,
    vendor_id,
    currency,
    cause,
    cause_id,
    occurred_at as booked_at,
    toDate(occurred_at) as booked_on,
    if(cause = 'sale', rate_bp, null) as rate_bp,
    if(cause = 'sale', line_sale, -line_sale) as sale_minor,
    if(cause = 'sale', line_commission, -line_commission) as commission_minor
from {{ ref('stg_marketplace__commission') }}
array join
    line_numbers as line_number,
    line_rates_bp as rate_bp,
    line_sale_minors as line_sale,
    line_commission_minors as line_commission
