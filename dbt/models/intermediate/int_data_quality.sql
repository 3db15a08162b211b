with scores as (
    select
        classes.factor_set_version as factor_set_version,
        classes.quality_class as quality_class,
        sum(pow(log(factors.factor), 2)) as ln_sq
    from {{ ref('data_quality') }} as classes
    array join
        ['precision', 'completeness', 'temporal', 'geographical', 'technological'] as indicator,
        [precision, completeness, temporal, geographical, technological] as score
    inner join {{ ref('quality_factors') }} as factors
        on indicator = factors.indicator and score = factors.score
    group by factor_set_version, quality_class
)

select
    classes.factor_set_version as factor_set_version,
    classes.quality_class as quality_class,
    assumeNotNull(
        coalesce(
            pow(log(classes.stated_spread), 2),
            scores.ln_sq + pow(log(classes.basis_factor), 2)
        )
    ) as ln_sq
from {{ ref('data_quality') }} as classes
left join scores
    on
        classes.factor_set_version = scores.factor_set_version
        and classes.quality_class = scores.quality_class
