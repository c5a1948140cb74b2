"""The words that everything else is written in: declared tables, measure rows, periods and group names."""

from sendlab.schema.groups import NEED_AREAS, NOT_RECORDED, PHASES, SEN_PROVISION, TOTAL
from sendlab.schema.measures import MEASURE_COLUMNS, as_measures
from sendlab.schema.tables import TABLES, Column, Table

__all__ = [
    "MEASURE_COLUMNS",
    "NEED_AREAS",
    "NOT_RECORDED",
    "PHASES",
    "SEN_PROVISION",
    "TABLES",
    "TOTAL",
    "Column",
    "Table",
    "as_measures",
]
