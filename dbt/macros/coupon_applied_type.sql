{#- Type of coupon_applied's data. -#}
{% macro coupon_applied_type() -%}
Tuple(order_id UUID, code String, currency String, amount_minor Int64, lines Array(Tuple(line_number UInt16, amount_minor Int64)))
{%- endmacro %}
