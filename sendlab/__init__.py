"""sendlab: how pupils with special educational needs and disabilities fare, for English local authorities.

The names below are what an analyst needs; each is imported when it is first used.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"
_HOME = {
    "open_workspace": "sendlab.build",
    "rate": "sendlab.metrics.rates",
    "try_measure": "sendlab.measures",
    # attendance
    "absence": "sendlab.metrics",
    "persistent_absence": "sendlab.metrics",
    "severe_absence": "sendlab.metrics",
    "attendance_98": "sendlab.metrics",
    "sessions_by_code": "sendlab.metrics",
    # exclusions
    "suspension_rate": "sendlab.metrics",
    "suspended_once_or_more": "sendlab.metrics",
    "permanent_exclusion_rate": "sendlab.metrics",
    "suspension_reasons": "sendlab.metrics",
    "exclusion_ratios": "sendlab.metrics.fairness.disproportionality",
    # progress
    "ks2_rwm_expected": "sendlab.metrics",
    "ks2_writing_gap": "sendlab.metrics",
    "ks2_reading_progress": "sendlab.metrics",
    "ks2_mathematics_progress": "sendlab.metrics",
    "standardised_change": "sendlab.metrics",
    "value_added": "sendlab.metrics.learning.growth",
    "attainment_8": "sendlab.metrics.learning.key_stage_4",
    "progress_8": "sendlab.metrics.learning.key_stage_4",
    "goal_outcomes": "sendlab.metrics.learning.goals",
    # interventions, plans, self-evaluation
    "intervention_gain": "sendlab.metrics",
    "intervention_change": "sendlab.metrics.support.change",
    "intervention_costs": "sendlab.metrics.support.costs",
    "ehc_20_weeks": "sendlab.metrics.ehc.timeliness",
    "plan_reviews": "sendlab.metrics.plans.reviews",
    "self_evaluation": "sendlab.metrics",
    # comparing
    "gap_rows": "sendlab.compare",
    "ratio_rows": "sendlab.compare",
    "change_rows": "sendlab.compare",
    "compare_periods": "sendlab.compare",
    "funnel_flags": "sendlab.compare",
    # showing
    "card": "sendlab.metrics.cards",
    "cards": "sendlab.metrics.cards",
    "OwnView": "sendlab.disclosure",
    "Published": "sendlab.disclosure",
    "CohortExplorer": "sendlab.explore",
    "SelfEvaluation": "sendlab.explore",
    # for schools
    "write_improvement_plan": "sendlab.publish",
}
__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'sendlab' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
