"""Facts in, measure rows out: one function a measure, one card a measure."""

from sendlab.metrics.attendance import (
    absence,
    attendance_98,
    attendance_98_apart_from_illness,
    authorised_absence,
    newly_persistent,
    no_longer_persistent,
    persistent_absence,
    sessions_affordable,
    sessions_by_code,
    severe_absence,
    unauthorised_absence,
)
from sendlab.metrics.cards import Card, card, cards
from sendlab.metrics.exclusions import (
    days_lost,
    part_day_suspensions,
    permanent_exclusion_rate,
    suspended_again,
    suspended_once_or_more,
    suspension_length,
    suspension_rate,
    suspension_reasons,
)
from sendlab.metrics.interventions import intervention_gain
from sendlab.metrics.key_stage_2 import (
    ks2_below_the_tests,
    ks2_mathematics_progress,
    ks2_reading_progress,
    ks2_rm_not_w,
    ks2_rwm_expected,
    ks2_rwm_higher,
    ks2_scaled_scores,
    ks2_subjects,
    ks2_writing_gap,
    ks2_writing_progress,
)
from sendlab.metrics.progress import scaled_score_change, scores_at_limits, standardised_change
from sendlab.metrics.rates import rate
from sendlab.metrics.sef.statements import self_evaluation

__all__ = [
    "Card",
    "absence",
    "attendance_98",
    "attendance_98_apart_from_illness",
    "authorised_absence",
    "card",
    "cards",
    "days_lost",
    "intervention_gain",
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
    "newly_persistent",
    "no_longer_persistent",
    "part_day_suspensions",
    "permanent_exclusion_rate",
    "persistent_absence",
    "rate",
    "scaled_score_change",
    "scores_at_limits",
    "self_evaluation",
    "sessions_affordable",
    "sessions_by_code",
    "severe_absence",
    "standardised_change",
    "suspended_again",
    "suspended_once_or_more",
    "suspension_length",
    "suspension_rate",
    "suspension_reasons",
    "unauthorised_absence",
]
