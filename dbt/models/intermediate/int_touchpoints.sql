-- Who a session was is told by its id, unless that is shared, or by its account; else nobody else
-- can have been the same.
{{ config(materialized='table', order_by='person_id', tags=['people']) }}

with sessions as (
    select
        person_id,
        identifier
    from {{ ref('dim_identifiers') }}
    where kind = 'session_id' and person_id != ''
),

accounts as (
    select
        person_id,
        identifier
    from {{ ref('dim_identifiers') }}
    where kind = 'subject' and person_id != ''
)

select
    multiIf(
        sessions.person_id != '', sessions.person_id,
        accounts.person_id != '', accounts.person_id,
        concat('alone:', facts.session_id)
    ) as person_id,
    toUnixTimestamp64Milli(facts.started_at) as started_ms,
    facts.session_id as session_id,
    facts.channel as channel,
    facts.is_bot as is_bot
from {{ ref('fct_sessions') }} as facts
left join sessions on facts.client_session_id = sessions.identifier
left join accounts on facts.subject = accounts.identifier
