"""Register codes as items of a measure: which are counted, and what to read them with."""

import polars as pl

from sendlab.codes import read_codes
from sendlab.facts import CODE

# Codes that SEND analysis asks about, each with what else it may mean.
WATCHED = {
    "C2": "part-time timetables: agreed support for some, hidden exclusion for others",
    "B": "educated off site: real placements, or pupils sent away without one",
    "K": "provision arranged by the authority: from 19 August 2024",
    "D": "dual registered: the session belongs to the other school",
}
CHANGED = "changed on 19 August 2024: not to be compared with years before"


def counted_codes(facts: pl.DataFrame) -> list[str]:
    """The register codes that facts hold, in order.

    >>> counted_codes(pl.DataFrame({"code_I": [1.0], "pupil_id": ["a"], "code_C2": [0.0]}))
    ['C2', 'I']
    """
    return sorted(name.removeprefix(CODE) for name in facts.columns if name.startswith(CODE))


def code_note(code: str) -> str:
    """What to say beside a code's figure: its label, what it may mean, and a break in its series.

    >>> code_note("I")
    'Illness (not appointments)'
    """
    lines = [line for line in read_codes("attendance_code") if line.code == code]
    label = lines[-1].label if lines else f"code {code} is in no code set"
    parts = [label, WATCHED.get(code, ""), CHANGED if _changed(code) else ""]
    return "; ".join(part for part in parts if part)


def _changed(code: str) -> bool:
    """Whether the code set has the code in one form to August 2024 and in another, or not at all, after it."""
    dates = [line.valid_from or line.valid_to for line in read_codes("attendance_code") if line.code == code]
    return any(day is not None and day.year == 2024 for day in dates)
