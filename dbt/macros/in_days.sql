{#- UTC days that the run covers, [DAYS_FROM, DAYS_UNTIL); empty means every day. They are asked for
    when a statement runs and never when it is parsed, and are no vars: dbt parses the whole project
    anew whenever a var has another value, which takes longer than most days' models. -#}
{% macro days_from() -%}
    {{ env_var('DAYS_FROM', '') if execute else '' }}
{%- endmacro %}

{% macro days_until() -%}
    {{ env_var('DAYS_UNTIL', '') if execute else '' }}
{%- endmacro %}

{#- True for the days that the run covers. The column stays bare, so that the sort key and the
    partitions are used; it is a Date, or an instant in UTC. -#}
{% macro in_days(column, days_before=0, days_after=0) -%}
    {%- if days_from() and days_until() -%}
        {{ column }} >= toDate('{{ days_from() }}') - {{ days_before }}
        and {{ column }} < toDate('{{ days_until() }}') + {{ days_after }}
    {%- else -%}
        1 = 1
    {%- endif -%}
{%- endmacro %}

{#- First day of the run, or what stands for it when the run covers every day. -#}
{% macro first_day(of_everything) -%}
    {{ "toDate('" ~ days_from() ~ "')" if days_from() else of_everything }}
{%- endmacro %}

{#- Day after the run's last one, or what stands for it when the run covers every day. -#}
{% macro end_day(of_everything) -%}
    {{ "toDate('" ~ days_until() ~ "')" if days_until() else of_everything }}
{%- endmacro %}
