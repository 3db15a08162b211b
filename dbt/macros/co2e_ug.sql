{#- Micrograms of CO2e of a mass in mg, a number of thousandths and a factor in µg, rounded half up.
    The thousandths are metres, watt-hours a kilogram, or thousandths of the mass: whatever the unit
    of the factor is per, a thousandth of it for each kilogram. Integers only, so that a figure is
    the same to its last digit wherever and whenever it is computed. -#}
{% macro co2e_ug(mass_mg, thousandths, ug_per_unit) -%}
toInt64(intDiv(
    toInt128({{ mass_mg }}) * {{ thousandths }} * {{ ug_per_unit }} + 500000000, 1000000000
))
{%- endmacro %}

{#- Quotient of two integers that are not negative, rounded half up. -#}
{% macro divided(dividend, divisor) -%}
intDiv(2 * toInt128({{ dividend }}) + {{ divisor }}, 2 * {{ divisor }})
{%- endmacro %}

{#- Metres of a leg: the last ones of a way, or what comes before these. -#}
{% macro leg_m(way_m, legs) -%}
toInt64(
    if(
        {{ legs }}.leg = 'last_mile',
        least({{ way_m }}, 1000 * coalesce({{ legs }}.last_km, {{ way_m }})),
        {{ way_m }} - 1000 * coalesce({{ legs }}.last_km, 0)
    )
)
{%- endmacro %}

{#- Whether a way has a leg: it is as long as the leg's vehicle needs, and longer than its end. -#}
{% macro is_on_way(way_m, legs) -%}
{{ way_m }} > if({{ legs }}.leg = 'last_mile', 0, 1000 * coalesce({{ legs }}.last_km, 0))
    and {{ way_m }} >= 1000 * {{ legs }}.from_km
    and {{ way_m }} < coalesce(1000 * {{ legs }}.to_km, {{ way_m }} + 1)
{%- endmacro %}
