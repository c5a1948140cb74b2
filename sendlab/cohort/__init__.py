"""Who counts, as data: bases, periods, and the pupils and places that rows of other tables belong to."""

from sendlab.cohort.bases import (
    ATTENDANCE_AGES,
    attendance_base,
    attendance_left_out,
    by_status_at_event,
    ks2_base,
    ks2_eligible,
    require_facts,
    roll_base,
)
from sendlab.cohort.early import MINIMUM_SESSIONS, SCHOOL_YEAR, too_early
from sendlab.cohort.linked import with_places, with_pupils
from sendlab.cohort.periods import in_period, period_covered, with_period
from sendlab.cohort.unrecorded import FEW_UNRECORDED, few_unrecorded, without_few_unrecorded

__all__ = [
    "ATTENDANCE_AGES",
    "FEW_UNRECORDED",
    "MINIMUM_SESSIONS",
    "SCHOOL_YEAR",
    "attendance_base",
    "attendance_left_out",
    "by_status_at_event",
    "few_unrecorded",
    "in_period",
    "ks2_base",
    "ks2_eligible",
    "period_covered",
    "require_facts",
    "roll_base",
    "too_early",
    "with_period",
    "with_places",
    "with_pupils",
    "without_few_unrecorded",
]
