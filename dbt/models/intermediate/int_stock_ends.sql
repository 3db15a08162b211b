-- A run that names no last day ends with the last day on which stock moved.
{%- set last_day = "(select toDate(max(occurred_at)) + 1 from "
    ~ ref('stg_inventory__movements') ~ ")" %}
select assumeNotNull({{ end_day(last_day) }}) as end_date
