{#- Type of order_completed's data; the whole object is parsed in one pass. -#}
{% macro order_completed_type() -%}
Tuple(order_id UUID, store_id String, channel String, source_ref String, session_id String, device_id String, ip_country String, destination String, currency String, total_minor Int64, tax_minor Nullable(Int64), risk String, risk_decision_id String, lines Array(Tuple(line_number UInt16, sku String, quantity Int64, unit String, list_minor Int64, discount_minor Int64, total_minor Int64, tax_rate_bp Nullable(Int32), tax_minor Nullable(Int64))), payment Tuple(method String, fingerprint String, country String), delivery Tuple(mode String, packaging String, distance_km Float64, area String))
{%- endmacro %}
