"""Superset's settings. It reads this file by the variable SUPERSET_CONFIG_PATH.

It runs in Superset's own environment (``pyproject.toml`` beside it), never in the platform's.
"""

from __future__ import annotations

import os
from typing import Any, ClassVar

from sqlglot.dialects.clickhouse import ClickHouse
from superset.utils.log import AbstractEventLogger

SECRET_KEY = os.environ["BI_SECRET_KEY"]
SQLALCHEMY_DATABASE_URI = os.environ["BI_METADATA_URL"]
if SQLALCHEMY_DATABASE_URI.startswith("sqlite:"):
    # Tiles of a dashboard ask at the same time, and SQLite lets one write after another.
    SQLALCHEMY_ENGINE_OPTIONS = {"connect_args": {"timeout": 30}}


class _Silent(AbstractEventLogger):
    """Keeps no row for each answer: a board that refreshes itself would fill the database."""

    def log(self, *arguments: Any, **named: Any) -> None:
        """Write nothing."""


EVENT_LOGGER = _Silent()

# Answers of the warehouse are not kept: it gives them in milliseconds, and Today must be new.
CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}
DATA_CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}

FEATURE_FLAGS = {
    # Who may see a dashboard may see its charts, and needs no access to the tables behind them.
    "DASHBOARD_RBAC": True,
    # Brings the number that is compared with the period before.
    "CHART_PLUGINS_EXPERIMENTAL": True,
    "DRILL_BY": True,
    "DRILL_TO_DETAIL": True,
}


class _Backticks(ClickHouse):
    """ClickHouse's SQL with the quotes that its driver writes.

    Superset recognises a calculated column by its quoted name after the parser has written it
    anew. With other quotes it takes it for one of the table, and drilling to detail fails.
    """

    class Tokenizer(ClickHouse.Tokenizer):
        """The first of these is what is written."""

        IDENTIFIERS: ClassVar = ["`", '"']


SQLGLOT_DIALECTS_EXTENSIONS = {"clickhousedb": _Backticks}


def FLASK_APP_MUTATOR(_: Any) -> None:  # noqa: N802  # Superset's name of it
    """Take the schema that queries begin in from the address, where the driver takes it from.

    Superset connects twice to ask it, for each chart that asks a query, and each connection asks
    the warehouse three things more: half of all that a refresh of a dashboard waits for.
    """
    from superset.db_engine_specs.clickhouse import ClickHouseConnectEngineSpec

    def of_address(_: Any, database: Any, __: str | None) -> Any:
        return database.url_object.database

    ClickHouseConnectEngineSpec.get_default_schema = classmethod(of_address)


DASHBOARD_AUTO_REFRESH_INTERVALS = [
    [0, "Don't refresh"],
    [2, "2 seconds"],
    [10, "10 seconds"],
    [60, "1 minute"],
    [600, "10 minutes"],
]
SQLLAB_TIMEOUT = 30
"""Seconds; Superset gives a query of the analyst up then."""
SQL_MAX_ROW = 100_000

# Two stacks on one machine differ by port, and browsers do not tell cookies apart by that.
SESSION_COOKIE_NAME = f"ecomarket_bi_{os.environ['BI_URL'].rpartition(':')[2]}"
WTF_CSRF_TIME_LIMIT = None
FAB_ADD_SECURITY_API = True

APP_NAME = "EcoMarket"
PALETTE = [
    "#0F766E",
    "#E69F00",
    "#0072B2",
    "#CC79A7",
    "#56B4E9",
    "#D55E00",
    "#6B7280",
    "#009E73",
]
"""Okabe and Ito's colours (https://jfly.uni-koeln.de/color/), told apart with any colour vision,
behind the store's own green."""
EXTRA_CATEGORICAL_COLOR_SCHEMES = [
    {
        "id": "ecomarket",
        "label": "EcoMarket",
        "description": "Told apart with any colour vision",
        "isDefault": True,
        "colors": PALETTE,
    }
]
EXTRA_SEQUENTIAL_COLOR_SCHEMES = [
    {
        "id": "ecomarket_green",
        "label": "EcoMarket green",
        "description": "From little to much",
        "isDiverging": False,
        "isDefault": True,
        "colors": ["#F0F9F8", "#C7E5E1", "#99C2BB", "#5BA39B", "#0F766E", "#0A4F4A"],
    }
]
THEME_DEFAULT = {
    "token": {
        "brandAppName": APP_NAME,
        "brandLogoAlt": APP_NAME,
        "brandLogoUrl": (
            "data:image/svg+xml;utf8,"
            "<svg xmlns='http://www.w3.org/2000/svg' width='150' height='32'>"
            "<circle cx='14' cy='16' r='9' fill='%230F766E'/>"
            "<path d='M9 19c2-8 8-9 11-8-1 6-5 10-11 8z' fill='white'/>"
            "<text x='30' y='22' font-family='Helvetica,Arial,sans-serif' font-size='18' "
            "font-weight='600' fill='%231F2937'>EcoMarket</text></svg>"
        ),
        "brandLogoHref": "/dashboard/list/",
        "brandLogoHeight": "28px",
        "brandLogoMargin": "14px 0",
        "colorPrimary": "#0F766E",
        "colorLink": "#0F766E",
        "colorSuccess": "#009E73",
        "colorWarning": "#E69F00",
        "colorError": "#D55E00",
        "colorInfo": "#0072B2",
        "fontUrls": [],
        "fontFamily": "Inter, Helvetica, Arial, sans-serif",
        "fontFamilyCode": "'IBM Plex Mono', 'Courier New', monospace",
        "transitionTiming": 0.3,
        "brandIconMaxWidth": 37,
        "fontSizeXS": "8",
        "fontSizeXXL": "28",
        "fontWeightNormal": "400",
        "fontWeightLight": "300",
        "fontWeightStrong": "500",
        "fontWeightBold": "700",
        "colorEditorSelection": "#fff5cf",
    },
    "algorithm": "default",
}
THEME_DARK = None
