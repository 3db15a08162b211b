"""Metrics: one definition of each figure, and the one way in which it becomes SQL.

The definitions are data in the format of dbt's semantic layer; nothing here reads a file or asks a
warehouse. Whoever answers with a metric compiles it here: the API, the command, dashboards.
"""

from models.metrics.catalogue import Catalogue
from models.metrics.definitions import DefinitionError
from models.metrics.expressions import SavedMetric, saved_metric
from models.metrics.page import page
from models.metrics.parse import parse
from models.metrics.questions import (
    Compiled,
    Question,
    QuestionError,
    UnknownMetricError,
    compile_question,
)

__all__ = [
    "Catalogue",
    "Compiled",
    "DefinitionError",
    "Question",
    "QuestionError",
    "SavedMetric",
    "UnknownMetricError",
    "compile_question",
    "page",
    "parse",
    "saved_metric",
]
