"""Facts in, measure rows out: one function a measure, one card a measure."""

from sendlab.metrics.attendance import absence, attendance_98, persistent_absence, severe_absence
from sendlab.metrics.cards import Card, card, cards
from sendlab.metrics.exclusions import permanent_exclusion_rate, suspended_once_or_more, suspension_rate
from sendlab.metrics.interventions import intervention_gain
from sendlab.metrics.progress import (
    ks2_mathematics_progress,
    ks2_reading_progress,
    ks2_rwm_expected,
    ks2_writing_gap,
)
from sendlab.metrics.rates import rate
from sendlab.metrics.self_evaluation import self_evaluation

__all__ = [
    "Card",
    "absence",
    "attendance_98",
    "card",
    "cards",
    "intervention_gain",
    "ks2_mathematics_progress",
    "ks2_reading_progress",
    "ks2_rwm_expected",
    "ks2_writing_gap",
    "permanent_exclusion_rate",
    "persistent_absence",
    "rate",
    "self_evaluation",
    "severe_absence",
    "suspended_once_or_more",
    "suspension_rate",
]
