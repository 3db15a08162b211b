{{ config(order_by='(kind, identifier)', tags=['people']) }}

select
    cast(kind as String) as kind,
    identifier,
    person_id,
    is_shared,
    cast(rule_set_version as String) as rule_set_version
from {{ source('people', 'members') }}
