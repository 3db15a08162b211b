{#- Leaves one row of each event. A producer that got no answer sends an event again, under the
    same id and with the same content: which of the copies stays makes no difference, and sorting
    them first would cost a whole pass. -#}
{% macro each_event_once() -%}
    limit 1 by event_id
{%- endmacro %}
