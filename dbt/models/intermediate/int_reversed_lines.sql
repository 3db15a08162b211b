-- What vendors bear is booked by line. The rest, as of orders that were never split among vendors,
-- is spread over the order's lines by what was paid for each, with the largest remainders first.
with days as (
    select booked_on from {{ ref('int_booking_days') }}
),

reversals as (
    select
        refund_id as cause_id,
        'refund' as cause,
        order_id,
        occurred_at,
        amount_minor
    from {{ ref('stg_orders__refunded') }}
    where toDate(occurred_at) in (select days.booked_on from days)
    union all
    select
        dispute_id as cause_id,
        'chargeback' as cause,
        order_id,
        occurred_at,
        amount_minor
    from {{ ref('stg_payments__disputed') }}
    where toDate(occurred_at) in (select days.booked_on from days)
),

booked as (
    select
        cause_id,
        line_number,
        -sum(sale_minor) as amount_minor
    from {{ ref('int_commission_lines') }}
    where cause != 'sale'
    group by cause_id, line_number
),

borne as (
    select
        cause_id,
        sum(amount_minor) as amount_minor
    from booked
    group by cause_id
),

rests as (
    select
        reversals.cause_id as cause_id,
        reversals.order_id as order_id,
        reversals.amount_minor - borne.amount_minor as rest_minor
    from reversals
    left join borne on reversals.cause_id = borne.cause_id
    where rest_minor > 0
),

paid as (
    select
        order_id,
        line_number,
        total_minor
    from {{ ref('fct_order_lines') }}
    where total_minor > 0 and order_id in (select rests.order_id from rests)
),

weighed as (
    select
        rests.cause_id as cause_id,
        rests.rest_minor as rest_minor,
        paid.line_number as line_number,
        rests.rest_minor * paid.total_minor as product,
        sum(paid.total_minor) over (partition by rests.cause_id) as paid_minor
    from rests
    inner join paid on rests.order_id = paid.order_id
),

shares as (
    select
        cause_id,
        rest_minor,
        line_number,
        intDiv(product, paid_minor) as whole,
        product % paid_minor as remainder
    from weighed
),

spread as (
    select
        cause_id,
        line_number,
        whole + (
            row_number() over (partition by cause_id order by remainder desc, line_number asc)
            <= rest_minor - sum(whole) over (partition by cause_id)
        ) as amount_minor
    from shares
),

parts as (
    select * from booked
    union all
    select * from spread
),

lines as (
    select
        cause_id,
        line_number,
        sum(parts.amount_minor) as amount_minor
    from parts
    group by cause_id, line_number
)

select
    reversals.cause_id as cause_id,
    reversals.cause as cause,
    reversals.order_id as order_id,
    lines.line_number as line_number,
    toDate(reversals.occurred_at) as booked_on,
    toInt64(lines.amount_minor) as amount_minor
from reversals
inner join lines on reversals.cause_id = lines.cause_id
where lines.amount_minor > 0
