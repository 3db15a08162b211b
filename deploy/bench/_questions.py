"""What dashboards ask of the marts, and the same question in DuckDB's words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """One question; `duckdb` gives the same rows from the same tables."""

    name: str
    sql: str
    duckdb: str


def _same(name: str, sql: str) -> Question:
    """Return a question whose words both understand."""
    return Question(name, sql, sql.replace("marts.", ""))


TABLES = ("fct_orders", "fct_order_lines", "fct_sessions", "mart_order_footprint")
"""Marts that the questions are put to."""
QUESTIONS = (
    _same(
        "sales_by_day",
        "SELECT order_date, count(*), sum(total_minor), sum(discount_minor) FROM marts.fct_orders "
        "GROUP BY order_date ORDER BY order_date",
    ),
    _same(
        "sales_by_category",
        "SELECT department, sum(total_minor) AS sales, sum(quantity) FROM marts.fct_order_lines "
        "GROUP BY department ORDER BY sales DESC LIMIT 20",
    ),
    _same(
        "sales_of_two_periods",
        "SELECT store_id, "
        "sum(CASE WHEN order_date >= DATE '2026-03-11' THEN total_minor ELSE 0 END) AS now, "
        "sum(CASE WHEN order_date < DATE '2026-03-11' THEN total_minor ELSE 0 END) AS before "
        "FROM marts.fct_orders WHERE order_date >= DATE '2026-02-11' GROUP BY store_id "
        "ORDER BY now DESC, store_id",
    ),
    _same(
        "shoppers_who_came_again",
        "SELECT n, count(*) FROM (SELECT subject, count(*) AS n FROM marts.fct_orders "
        "GROUP BY subject) AS shoppers GROUP BY n ORDER BY n",
    ),
    _same(
        "visits_by_day_with_and_without_robots",
        "SELECT session_date, is_bot, count(*), sum(converted), sum(views), sum(adds) "
        "FROM marts.fct_sessions GROUP BY session_date, is_bot ORDER BY session_date, is_bot",
    ),
    _same(
        "steps_of_a_month",
        "SELECT count(*), sum(CASE WHEN views > 0 THEN 1 ELSE 0 END), "
        "sum(CASE WHEN adds > 0 THEN 1 ELSE 0 END), sum(converted) FROM marts.fct_sessions "
        "WHERE session_date >= DATE '2026-03-01' AND session_date < DATE '2026-04-01' "
        "AND is_bot = 0",
    ),
    _same(
        "carbon_by_day",
        "SELECT order_date, sum(total_kg), sum(transport_kg), sum(packaging_kg) "
        "FROM marts.mart_order_footprint GROUP BY order_date ORDER BY order_date",
    ),
    _same(
        "carbon_by_delivery",
        "SELECT o.delivery_mode AS mode, count(*), sum(f.total_kg) "
        "FROM marts.mart_order_footprint AS f "
        "INNER JOIN marts.fct_orders AS o ON f.order_id = o.order_id "
        "WHERE o.order_date >= DATE '2026-03-01' GROUP BY o.delivery_mode ORDER BY mode",
    ),
)
