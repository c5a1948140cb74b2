"""What readers see for what the rows hold: names of periods, groups and marks."""

import re
from datetime import date

from sendlab.errors import SendlabError

FULL_YEAR = "Academic year"
NOT_SHOWN = "not shown"
BULLET = "• "  # how a printed line begins that is one of a list
# Mark (codes/data_symbol.csv) -> its meaning below a table and beside a name.
MARKS = {
    "c": "not shown (fewer than 5 pupils or protected)",
    "z": "not applicable",
    "x": "not available",
    "u": "unreliable: read with care",
    "low": "rounds to zero but is not zero",
    "k": "rounds to zero but is not zero",
}
PEOPLE = {
    "EHC plan": "pupils with an EHC plan",
    "SEN support": "pupils on SEN support",
    "No SEN": "pupils with no SEN",
    "All SEN": "all pupils with SEN",
    "Not recorded": "pupils with SEN status not recorded",
    "Total": "all pupils",
}


def period_name(time_period: str) -> str:
    """The name of an academic (six digits) or calendar (four digits) year.

    >>> period_name("202526"), period_name("2025")
    ('2025/26', '2025')
    """
    digits = str(time_period)
    if digits.isdigit() and len(digits) == 4:
        return digits
    if not (digits.isdigit() and len(digits) == 6):
        raise SendlabError(f"'{time_period}' is no period", next_step="write an academic year as 202526")
    return f"{digits[:4]}/{digits[4:]}"


def is_school_year(time_period: str) -> bool:
    """Whether a period is written as an academic year: the year of the autumn, and the last two digits of the next.

    >>> is_school_year("202526"), is_school_year("202527"), is_school_year("2025")
    (True, False, False)
    """
    return bool(re.fullmatch(r"[0-9]{6}", time_period)) and int(time_period[4:]) == (int(time_period[:4]) + 1) % 100


def period_text(time_period: str, time_identifier: str) -> str:
    """The period with the part of the year that it covers, which is left out for a full year.

    >>> period_text("202526", "Academic year"), period_text("202526", "Autumn term")
    ('2025/26', '2025/26 (autumn term)')
    >>> period_text("202526", "Autumn term and Summer term")
    '2025/26 (autumn term and summer term)'
    """
    name = period_name(time_period)
    full = time_identifier in (FULL_YEAR, "")
    return name if full else f"{name} ({time_identifier.lower()})"


def day_name(day: date) -> str:
    """A day in words.

    >>> day_name(date(2025, 7, 9))
    '9 July 2025'
    """
    return f"{day.day} {day:%B %Y}"


def people(group: str) -> str:
    """The pupils of a group, in words; a need area reads as itself.

    >>> people("SEN support"), people("Cognition and learning")
    ('pupils on SEN support', 'pupils with need in cognition and learning')
    """
    if group in PEOPLE:
        return PEOPLE[group]
    return f"pupils with need in {group[:1].lower()}{group[1:]}"


def reason(status: str, note: str) -> str:
    """Why there is no figure, short enough for a chart: "not shown" where it is protected, else the reason in words.

    >>> reason("c", ""), reason("z", "no pupils in this group"), reason("x", "")
    ('not shown', 'no pupils in this group', 'not available')
    """
    if status == "c":
        return NOT_SHOWN
    return note or MARKS.get(status, "no figure")
