{#- Types of order_refunded's and of order_cancelled's data. -#}
{% macro order_refunded_type() -%}
Tuple(refund_id UUID, order_id UUID, currency String, amount_minor Int64, reason String, tax_minor Nullable(Int64))
{%- endmacro %}

{% macro order_cancelled_type() -%}
Tuple(order_id UUID, reason String, currency String, refunded_minor Int64)
{%- endmacro %}
