{#- Every row fulfils an expression; the rows returned are those that do not. -#}
{% test expression_holds(model, expression) %}
select * from {{ model }} where not ({{ expression }})
{% endtest %}
