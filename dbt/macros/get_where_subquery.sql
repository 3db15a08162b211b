{#- What a test looks at: of a model that says by which column its days are told (`meta.days`), the days
    that the run may have written, two on either side included; of any other model everything. What a
    run left alone was tested when it was written, and there is more of it every day. -#}
{% macro get_where_subquery(relation) -%}
    {%- set where = config.get('where', '') -%}
    {%- if execute and not where -%}
        {%- set tested = graph.nodes.get(model.get('attached_node'), {}) -%}
        {%- set days = tested.get('config', {}).get('meta', {}).get('days') -%}
        {%- set where = in_days(days, 2, 2) if days and relation.identifier == tested.name else '' -%}
    {%- endif -%}
    {%- if where -%}
        {%- do return('(select * from ' ~ relation ~ ' where ' ~ where ~ ') as days_of_the_run') -%}
    {%- endif -%}
    {%- do return(relation) -%}
{%- endmacro %}
