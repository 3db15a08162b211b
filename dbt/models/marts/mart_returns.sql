{{ config(
    materialized='incremental',
    incremental_strategy='insert_overwrite',
    partition_by='happened_on',
    order_by='(happened_on, sku)'
) }}

with steps as (
    select
        toDate(occurred_at) as happened_on,
        sku,
        units as requested_units,
        toInt64(0) as restocked_units,
        toInt64(0) as written_off_units,
        toInt64(0) as paid_minor,
        toInt64(0) as tax_minor
    from {{ ref('stg_returns__requested') }}
    where {{ in_days('occurred_at') }}
    union all
    select
        toDate(occurred_at) as happened_on,
        sku,
        toInt64(0) as requested_units,
        restocked as restocked_units,
        written_off as written_off_units,
        list_minor - discount_minor as paid_minor,
        coalesce(tax_minor, 0) as tax_minor
    from {{ ref('stg_returns__received') }}
    where {{ in_days('occurred_at') }}
)

select
    happened_on,
    sku,
    sum(requested_units) as requested_units,
    sum(restocked_units) as restocked_units,
    sum(written_off_units) as written_off_units,
    sum(paid_minor) as paid_minor,
    sum(tax_minor) as tax_minor
from steps
group by happened_on, sku
