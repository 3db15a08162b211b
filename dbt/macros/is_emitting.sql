{#- True for orders that a run of the carbon ledger needs: those of its days, and those of which
    something came back on its days. -#}
{% macro is_emitting(orders) -%}
(
    ({{ in_days(orders ~ '.order_date') }})
    or {{ orders }}.order_id in (
        select received.order_id from {{ ref('stg_returns__received') }} as received
        where {{ in_days('received.occurred_at') }}
    )
)
{%- endmacro %}
