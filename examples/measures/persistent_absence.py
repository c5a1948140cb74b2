"""Persistent absence at 15 % of possible sessions: the same pupils as nationally, another threshold."""

from sendlab.metrics.attendance import persistent_absence as national
from sendlab.metrics.grouping import BREAKDOWNS

THRESHOLD = 15  # % of own possible sessions missed, boundary included


def persistent_absence(facts, *, by=BREAKDOWNS, confidence=0.95):
    """Enrolments that missed 15 % or more of their possible sessions, per 100 enrolments."""
    return national(facts, by=by, threshold=THRESHOLD, confidence=confidence)
