{#- True for the days that the run covers, [start_date, end_date). The column stays bare, so that
    the sort key and the partitions are used; it is a Date, or an instant in UTC. -#}
{% macro in_days(column, days_before=0, days_after=0) -%}
    {%- if var('start_date') and var('end_date') -%}
        {{ column }} >= toDate('{{ var("start_date") }}') - {{ days_before }}
        and {{ column }} < toDate('{{ var("end_date") }}') + {{ days_after }}
    {%- else -%}
        1 = 1
    {%- endif -%}
{%- endmacro %}

{#- First day of the run, or what stands for it when the run covers every day. -#}
{% macro first_day(of_everything) -%}
    {{ "toDate('" ~ var('start_date') ~ "')" if var('start_date') else of_everything }}
{%- endmacro %}

{#- Day after the run's last one, or what stands for it when the run covers every day. -#}
{% macro end_day(of_everything) -%}
    {{ "toDate('" ~ var('end_date') ~ "')" if var('end_date') else of_everything }}
{%- endmacro %}
