{#- Drops the partitions of the run's days in which nothing is left: an overwrite by partitions
    needs a row to write, and leaves a day alone whose last row went to another day. -#}
{% macro drop_emptied_days(column, source, days_before=0, days_after=0) -%}
    {%- if execute and is_incremental() -%}
        {%- set emptied = run_query(
            "select distinct toString(" ~ column ~ ") from " ~ this
            ~ " where " ~ in_days(column, days_before, days_after)
            ~ " and " ~ column ~ " not in (select " ~ column ~ " from " ~ source ~ ")"
        ) -%}
        {%- for row in emptied -%}
            {%- do run_query("alter table " ~ this ~ " drop partition '" ~ row[0] ~ "'") -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
