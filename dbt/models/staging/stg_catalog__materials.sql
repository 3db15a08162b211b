-- Read as a whole by every run, as the catalogue is.
{{ config(materialized='view') }}

with source as (
    select
        occurred_at,
        event_id,
        JSONExtract(
            data,
            'Tuple(product_id String,
             attributes Tuple(materials Array(Tuple(material String, share_percent Int64))))'
        ) as scored
    from {{ source('raw', 'catalog') }}
    where type = 'score_changed'
    order by occurred_at desc, event_id desc
    limit 1 by scored.product_id
)

select
    source.scored.product_id as product_id,
    declared.material as material,
    declared.share_percent as share_percent
from source
array join source.scored.attributes.materials as declared
