with used as (
    select
        subject,
        'card' as kind,
        payment_fingerprint as identifier,
        ordered_at
    from {{ ref('int_orders') }}
    union all
    select
        subject,
        'device' as kind,
        device_id as identifier,
        ordered_at
    from {{ ref('int_orders') }}
)

select
    subject,
    kind,
    identifier,
    min(ordered_at) as first_used_at
from used
where subject != '' and identifier != ''
group by subject, kind, identifier
