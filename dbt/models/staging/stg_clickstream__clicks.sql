{{ config(order_by='(occurred_at, session_id)') }}

with source as (
    select
        event_id,
        type,
        occurred_at,
        subject,
        JSONExtract(
            data,
            'Tuple(session_id String, anonymous_id String, device_id String, derived Bool,
             sku String, query String, results Int64, slate_id String, position Nullable(Int64),
             agent String, network String, url String, referrer String,
             properties Tuple(utm_source String, utm_medium String, utm_campaign String))'
        ) as click
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
