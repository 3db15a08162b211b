{{ config(
    order_by='(occurred_at, event_id)',
    pre_hook="{{ drop_days('toDate(occurred_at)') }}"
) }}

with left_over as (
    select
        event_id,
        type,
        version,
        occurred_at,
        received_at,
        _partition,
        _offset,
        data
    from {{ source('raw', 'orders') }}
    prewhere
        type in ('order_completed', 'order_refunded', 'order_cancelled', 'coupon_applied')
        and {{ in_days('occurred_at') }}
        and event_id not in (
            {%- for staged in ('completed', 'refunded', 'cancelled', 'coupons') %}
                select event_id from {{ ref('stg_orders__' ~ staged) }}
                where {{ in_days('occurred_at') }}
                {%- if not loop.last %}
                    union all
                {%- endif %}
            {%- endfor %}
        )
    {{ each_event_once() }}
),

judged as (
    select
        left_over.*,
        JSONExtract(data, '{{ order_completed_type() }}') as placed,
        JSONExtract(data, '{{ order_refunded_type() }}') as refund,
        JSONExtract(data, '{{ order_cancelled_type() }}') as cancelled,
        JSONExtract(data, '{{ coupon_applied_type() }}') as coupon,
        {%- for field in ('rule', 'reason') %}
            multiIf(
                {%- for type in ('order_completed', 'order_refunded', 'order_cancelled') %}
                    type = '{{ type }}', {{ of_broken_rule(type, field) }},
                {%- endfor %}
                {{ of_broken_rule('coupon_applied', field) }}
            ) as {{ field }}
            {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from left_over
)

select {{ quarantined_columns() }}
from judged
where rule != ''
