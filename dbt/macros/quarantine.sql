{#- True for an event that breaks none of its type's rules. A null is not broken: rules judge what
    is stated. -#}
{% macro is_usable(type) -%}
    not (false
    {%- for each in var('quarantine_rules')[type] %}
        or coalesce({{ (each.broken or 'false') | replace(':currencies', var('currencies')) }}, false)
    {%- endfor -%}
    )
{%- endmacro %}

{#- A field of the first rule that an event breaks, '' where it breaks none. -#}
{% macro of_broken_rule(type, field) -%}
    multiIf(
    {%- for each in var('quarantine_rules')[type] %}
        coalesce({{ (each.broken or 'false') | replace(':currencies', var('currencies')) }}, false),
        '{{ each[field] | replace("'", "''") }}',
    {%- endfor -%}
    '')
{%- endmacro %}

{#- Drops what the run's days held, so that a day of which nothing is left is empty after it: an
    overwrite by partitions needs a row to write. -#}
{% macro drop_days(column) -%}
    {%- if execute and is_incremental() -%}
        {%- set held = run_query(
            "select distinct toString(" ~ column ~ ") from " ~ this ~ " where " ~ in_days(column)
        ) -%}
        {%- for row in held -%}
            {%- do run_query("alter table " ~ this ~ " drop partition '" ~ row[0] ~ "'") -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{#- What is told of an event that is put aside, of its raw table's columns, rule and reason. -#}
{% macro quarantined_columns() %}
    event_id,
    cast(type as String) as type,
    version,
    occurred_at,
    _partition as log_partition,
    _offset as log_offset,
    rule,
    reason,
    '{{ var("quarantine_rule_set_version") }}' as rule_set_version
{%- endmacro %}
