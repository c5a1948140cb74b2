"""Facts in, measure rows out: one function a measure, one card a measure.

Each is imported when it is first used: who shows published figures needs the cards, and not the arithmetic.
"""

from importlib import import_module
from typing import Any

from sendlab.metrics.cards import Card, card, cards

_NAMES = {
    "attendance": (
        "absence",
        "attendance_98",
        "attendance_98_apart_from_illness",
        "authorised_absence",
        "newly_persistent",
        "no_longer_persistent",
        "persistent_absence",
        "sessions_affordable",
        "sessions_by_code",
        "severe_absence",
        "unauthorised_absence",
    ),
    "exclusions": (
        "days_lost",
        "part_day_suspensions",
        "permanent_exclusion_rate",
        "suspended_again",
        "suspended_once_or_more",
        "suspension_length",
        "suspension_rate",
        "suspension_reasons",
    ),
    "interventions": ("intervention_gain",),
    "key_stage_2": (
        "ks2_below_the_tests",
        "ks2_mathematics_progress",
        "ks2_reading_progress",
        "ks2_rm_not_w",
        "ks2_rwm_expected",
        "ks2_rwm_higher",
        "ks2_scaled_scores",
        "ks2_subjects",
        "ks2_writing_gap",
        "ks2_writing_progress",
    ),
    "rates": ("rate",),
    "progress": ("scaled_score_change", "scores_at_limits", "standardised_change"),
    "sef.statements": ("self_evaluation",),
}
_HOME = {name: module for module, names in _NAMES.items() for name in names}

__all__ = ["Card", "card", "cards", *_HOME]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'sendlab.metrics' has no attribute '{name}'")
    return getattr(import_module(f"sendlab.metrics.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
