"""Facts: one row a pupil, school and academic year, with status, need, sessions, events and scores side by side.

The only input of build, explorer and (later) guard and impact. Nothing is decided here about who counts: `cohort` does.
"""

from sendlab.facts.made import make_facts, placed_schools
from sendlab.facts.names import JANUARY_CENSUS, SLUGS

__all__ = ["JANUARY_CENSUS", "SLUGS", "make_facts", "placed_schools"]
