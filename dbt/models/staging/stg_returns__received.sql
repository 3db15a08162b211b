{{ config(order_by='(occurred_at, return_id, line_number)') }}

with source as (
    select
        event_id,
        occurred_at,
        JSONExtract(
            data,
            'Tuple(return_id UUID, order_id UUID, lines Array(Tuple(
                line_number UInt16, sku String, restocked Int64, written_off Int64,
                list_minor Int64, discount_minor Int64, tax_minor Nullable(Int64)
            )))'
        ) as returned
    from {{ source('raw', 'returns') }}
    where type = 'return_received' and {{ in_days('occurred_at') }}
    {{ each_event_once() }}
)

select
    event_id,
    occurred_at,
    returned.return_id as return_id,
    returned.order_id as order_id,
    line.line_number as line_number,
    line.sku as sku,
    line.restocked as restocked,
    line.written_off as written_off,
    line.list_minor as list_minor,
    line.discount_minor as discount_minor,
    line.tax_minor as tax_minor
from source
array join returned.lines as line
