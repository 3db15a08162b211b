{#- Type of a click's data; the whole object is parsed in one pass. -#}
{% macro click_type() -%}
Tuple(session_id String, anonymous_id String, device_id String, derived Bool, sku String, query String, results Int64, slate_id String, position Nullable(Int64), agent String, network String, url String, referrer String, properties Tuple(utm_source String, utm_medium String, utm_campaign String))
{%- endmacro %}
