"""Words for published figures: the rows they are about, numbers as text, how sure one can be, and whole sentences.

Sentences, which compare figures, are imported when they are first used.
"""

from importlib import import_module
from typing import Any

from sendlab.narrate.numbers import decimals_of, format_gap, format_interval, format_value, sized
from sendlab.narrate.rows import Row, View, gap_row, one_kind_of_period, one_row, rows_of
from sendlab.narrate.strength import gap_strength, strength
from sendlab.schema.labels import period_name

_HOME = {
    **dict.fromkeys(("change_sentence", "finding_title", "gap_sentence", "headline", "title_words"), "sentences"),
    "answer_sentence": "answer_words",
    "year_before": "answers",
    "findings": "found",
    "intervention_findings": "gains",
    **dict.fromkeys(("says_shows_measures", "schools_to_ask"), "says_shows"),
}

__all__ = [
    "Row", "View", "answer_sentence", "change_sentence", "decimals_of", "finding_title", "findings", "format_gap",
    "format_interval", "format_value", "gap_row", "gap_sentence", "gap_strength", "headline", "intervention_findings",
    "one_kind_of_period", "one_row", "period_name", "rows_of", "says_shows_measures", "schools_to_ask", "sized",
    "strength", "title_words", "year_before",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'sendlab.narrate' has no attribute '{name}'")
    return getattr(import_module(f"sendlab.narrate.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
