"""The SQL of rates, as a part of the statements that price goods: one round trip, one rule."""

from __future__ import annotations


def rate(country: str, at: str) -> str:
    """Return a join that gives each row of products, as ``p``, its ``tax.rate_bp``.

    The most special rule of `tax_classes` for which the country has a rate holds, and of both the
    latest that has begun, in its latest version. It is null where no rate is known.

    Parameters
    ----------
    country, at
        Expressions: where the goods go, and when they are bought.
    """
    return f"""LEFT JOIN LATERAL (
    SELECT r.rate_bp FROM tax_classes c JOIN tax_rates r USING (class)
    WHERE r.country = {country} AND c.country IN ('', {country})
    AND c.department IN ('', p.department)
    AND r.valid_from <= ({at} AT TIME ZONE 'UTC')::date
    AND c.valid_from <= ({at} AT TIME ZONE 'UTC')::date
    ORDER BY c.country DESC, c.department DESC, c.valid_from DESC, c.version DESC,
        r.valid_from DESC, r.version DESC
    LIMIT 1
) AS tax ON true"""
