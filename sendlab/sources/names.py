"""Column names as people write them: compared without case, blanks or punctuation, and near misses found."""

import difflib
import re
from collections.abc import Iterable

NEAR = 0.75  # likeness (difflib's ratio) from which a name is offered as the one that was meant


def plain(name: str) -> str:
    """A column name without case, blanks, underscores or punctuation.

    >>> plain("NC Year-actual"), plain("% FSM")
    ('ncyearactual', 'fsm')
    """
    return re.sub(r"[^a-z0-9]", "", name.lower())


def near(name: str, others: Iterable[str]) -> str | None:
    """The one of `others` that comes nearest to a name, or nothing where none is near.

    >>> near("LAESTAB", ["LA ESTB", "Year"]), near("LAESTAB", ["Year"])
    ('LA ESTB', None)
    """
    known = {plain(other): other for other in others}
    found = difflib.get_close_matches(plain(name), known, n=1, cutoff=NEAR)
    return known[found[0]] if found else None
