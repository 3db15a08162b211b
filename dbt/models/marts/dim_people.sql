{{ config(order_by='person_id', tags=['people']) }}

with members as (
    select
        kind,
        identifier,
        person_id
    from {{ ref('dim_identifiers') }}
    where person_id != ''
),

orders as (
    select
        members.person_id as person_id,
        sum(shoppers.orders) as orders,
        sum(shoppers.total_minor) as total_minor,
        min(shoppers.first_order_at) as first_order_at
    from {{ ref('dim_shoppers') }} as shoppers
    inner join members on shoppers.subject = members.identifier
    where members.kind = 'subject'
    group by members.person_id
),

people as (
    select
        person_id,
        countIf(kind = 'subject') as subjects,
        countIf(kind = 'anonymous_id') as browsers,
        countIf(kind = 'device_id') as devices,
        countIf(kind = 'session_id') as visits,
        countIf(
            kind = 'session_id'
            and identifier in (
                select client_session_id
                from {{ ref('fct_sessions') }}
                where is_bot
            )
        ) as bot_visits
    from members
    group by person_id
)

select
    people.person_id as person_id,
    toInt64(people.subjects) as subjects,
    toInt64(people.browsers) as browsers,
    toInt64(people.devices) as devices,
    toInt64(people.visits) as visits,
    toInt64(people.bot_visits) as bot_visits,
    toUInt8(people.visits > 0 and people.bot_visits = people.visits) as is_bot,
    toInt64(orders.orders) as orders,
    toInt64(orders.total_minor) as total_minor,
    if(orders.person_id = '', null, orders.first_order_at) as first_order_at
from people
left join orders on people.person_id = orders.person_id
