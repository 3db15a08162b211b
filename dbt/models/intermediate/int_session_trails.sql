{{ config(materialized='table', order_by='(session_date, session_id)') }}

select
    facts.session_id as session_id,
    facts.session_date as session_date,
    facts.channel as channel,
    facts.program as program,
    facts.is_bot as is_bot,
    arraySort(
        arrayConcat(
            sessions.trail,
            arrayMap(
                placed -> (
                    toUnixTimestamp64Milli(placed.1), toLowCardinality('order_completed')
                ),
                orders.orders
            )
        )
    ) as trail
from {{ ref('fct_sessions') }} as facts
inner join {{ ref('int_sessions') }} as sessions on facts.session_id = sessions.session_id
left join {{ ref('int_session_orders') }} as orders on facts.session_id = orders.session_id
where {{ in_days('facts.session_date', days_before=2, days_after=2) }}
