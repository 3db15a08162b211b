{{ config(order_by='(occurred_at, session_id)', meta={'days': 'occurred_at'}) }}

with source as (
    select
        event_id,
        type,
        occurred_at,
        received_at,
        subject,
        JSONExtract(data, '{{ click_type() }}') as click
    from {{ source('raw', 'clickstream') }}
    where {{ in_days('occurred_at') }}
    {{ each_event_once() }}
)

select
    event_id,
    type,
    occurred_at,
    subject,
    click.session_id as session_id,
    click.anonymous_id as anonymous_id,
    click.device_id as device_id,
    toUInt8(click.derived) as derived,
    click.sku as sku,
    click.position as position,
    click.slate_id as slate_id,
    click.query as query,
    click.results as results,
    click.agent as agent,
    click.network as network,
    click.url as url,
    click.referrer as referrer,
    click.properties.utm_source as utm_source,
    click.properties.utm_medium as utm_medium,
    click.properties.utm_campaign as utm_campaign
from source
where {{ is_usable('click') }}
