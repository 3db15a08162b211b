-- Read as a whole by every run: a catalogue is small, and it may be stated years after an order.
{{ config(materialized='table', partition_by=none, order_by='(sku, occurred_at)') }}

with source as (
    select
        event_id,
        occurred_at,
        JSONExtract(
            data,
            'Tuple(sku String, product_id String, name String, vendor_id String, brand String,
             department String, category String, product_type String, package_size String,
             mass_grams Nullable(Int64), unit String, currency String, list_price_minor Int64)'
        ) as product
    from {{ source('raw', 'catalog') }}
    where type in ('product_created', 'product_updated')
    {{ each_event_once() }}
)

select
    product.sku as sku,
    event_id,
    occurred_at,
    product.product_id as product_id,
    product.name as name,
    product.vendor_id as vendor_id,
    product.brand as brand,
    product.department as department,
    product.category as category,
    product.product_type as product_type,
    product.package_size as package_size,
    product.mass_grams as mass_grams,
    product.unit as unit,
    product.currency as currency,
    product.list_price_minor as list_price_minor
from source
