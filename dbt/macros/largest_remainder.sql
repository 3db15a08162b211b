{#- Splits a whole amount by whole weights, in an array: each share rounded down, and what is left
    given away one by one to the largest remainders, of equal ones to the first. -#}
{% macro largest_remainder(amount, weights) -%}
arrayMap(
    (part, place) -> part + has(
        arraySlice(
            arrayMap(
                pair -> pair.2,
                arraySort(
                    pair -> (-pair.1, pair.2),
                    arrayZip(
                        arrayMap(
                            weight -> {{ amount }} * weight % arraySum({{ weights }}), {{ weights }}
                        ),
                        arrayEnumerate({{ weights }})
                    )
                )
            ),
            1,
            {{ amount }} - arraySum(
                weight -> intDiv({{ amount }} * weight, arraySum({{ weights }})), {{ weights }}
            )
        ),
        place
    ),
    arrayMap(weight -> intDiv({{ amount }} * weight, arraySum({{ weights }})), {{ weights }}),
    arrayEnumerate({{ weights }})
)
{%- endmacro %}
