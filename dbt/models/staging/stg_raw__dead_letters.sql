{{ config(materialized='view') }}

select
    splitByChar('.', topic)[-2] as module,
    toDate(failed_at) as day,
    reason
from {{ source('raw', 'dead_letters') }}
