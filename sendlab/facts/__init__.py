"""Facts: one row a pupil, school and academic year, with status, need, sessions, events and scores side by side.

The only input of build, explorer and (later) guard and impact. Nothing is decided here about who counts: `cohort` does.
"""

from sendlab.facts.made import make_facts, placed_schools
from sendlab.facts.marks import sessions_by_half_term, sessions_by_weekday
from sendlab.facts.names import CODE, JANUARY_CENSUS, REASON, SLUGS
from sendlab.facts.periods import make_periods

__all__ = [
    "CODE",
    "JANUARY_CENSUS",
    "REASON",
    "SLUGS",
    "make_facts",
    "make_periods",
    "placed_schools",
    "sessions_by_half_term",
    "sessions_by_weekday",
]
