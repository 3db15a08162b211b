{#- The columns together identify a row. -#}
{% test key_is_unique(model, columns) %}
select {{ columns | join(', ') }}, count() as copies
from {{ model }}
group by {{ columns | join(', ') }}
having copies > 1
{% endtest %}
