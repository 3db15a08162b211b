{{ config(order_by='(kind, identifier)', tags=['people']) }}

select
    toString(kind) as kind,
    identifier,
    person_id,
    is_shared,
    toString(rule_set_version) as rule_set_version
from {{ source('people', 'members') }}
