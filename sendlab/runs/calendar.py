"""On which days a schedule runs, in UK time: what `every` names, less August and days out of term."""

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sendlab.errors import WorkspaceProblem
from sendlab.schedule_settings import SCHEDULE_TEXT, WEEK, Schedule
from sendlab.schema.labels import day_name
from sendlab.settings import SETTINGS, HalfTerm
from sendlab.workspace import Workspace

LONDON = ZoneInfo("Europe/London")  # Windows keeps no time zones of its own: pandas brings tzdata there
WEEKDAYS = {"day": range(7), "weekday": range(5), **{name: range(n, n + 1) for n, name in enumerate(WEEK)}}
HalfTerms = tuple[HalfTerm, ...]


def is_due(schedule: Schedule, day: date) -> bool:
    """Whether `every` names this day, August and terms aside.

    >>> is_due(Schedule(every="weekday"), date(2026, 7, 4)), is_due(Schedule(every="month"), date(2026, 7, 1))
    (False, True)
    """
    return day.day == 1 if schedule.every == "month" else day.weekday() in WEEKDAYS[schedule.every]


def left_out(schedule: Schedule, half_terms: HalfTerms, day: date) -> str:
    """Why a run on this day does nothing; empty where it does its work.

    Only August and terms count here, so a run that is caught up on the day after it was due does its work.

    >>> left_out(Schedule(), (), date(2026, 8, 3))
    'August is left out (august = false)'
    """
    if day.month == 8 and not schedule.august:
        return "August is left out (august = false)"
    if schedule.only_in_term and not _in_term(schedule, half_terms, day):
        return f"{_out_of_term(schedule)} (only_in_term = true, [half_terms])"
    return ""


def _out_of_term(schedule: Schedule) -> str:
    whole = {"month": "the month has no day of term", **dict.fromkeys(WEEK, "the week has no day of term")}
    return whole.get(schedule.every, "it is no day of term")


def _in_term(schedule: Schedule, half_terms: HalfTerms, day: date) -> bool:
    """A year without dates counts as in term: reports that stop unasked each September would be worse."""
    if school_year(day) not in {year for year, *_ in half_terms}:
        return True
    first, last = _span(schedule, day)
    return any(starts <= last and first <= ends for _, _, starts, ends in half_terms)


def _span(schedule: Schedule, day: date) -> tuple[date, date]:
    """First and last day of what a run stands for: its day, its week from Monday to Sunday, or its month."""
    if schedule.every == "month":
        return day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1])
    if schedule.every in WEEK:
        monday = day - timedelta(days=day.weekday())
        return monday, monday + timedelta(days=6)
    return day, day


def school_year(day: date) -> str:
    """The school year that a day lies in, from 1 August.

    >>> school_year(date(2026, 7, 31)), school_year(date(2026, 8, 1)), school_year(date(2099, 9, 1))
    ('202526', '202627', '209900')
    """
    autumn = day.year - (day.month < 8)
    return f"{autumn}{(autumn + 1) % 100:02}"


def due_days(schedule: Schedule, after: datetime) -> Iterator[datetime]:
    """The moments in UK time at which a scheduler starts a run after `after` (with a time zone), without end."""
    day = after.astimezone(LONDON).date()
    while True:
        moment = datetime.combine(day, schedule.at, LONDON)
        # Compared in UTC: two times of one zone are compared by the clock on the wall, which October sets back.
        if is_due(schedule, day) and moment.astimezone(UTC) > after.astimezone(UTC):
            yield moment
        day += timedelta(days=1)


def next_runs(schedule: Schedule, half_terms: HalfTerms, after: datetime) -> Iterator[datetime]:
    """The moments in UK time after `after` at which a run does its work, without end.

    >>> from itertools import islice
    >>> friday = datetime(2026, 7, 31, 12, tzinfo=UTC)
    >>> [f"{run:%A %d %B %H:%M}" for run in islice(next_runs(Schedule(), (), friday), 2)]
    ['Tuesday 01 September 02:30', 'Wednesday 02 September 02:30']
    """
    return (moment for moment in due_days(schedule, after) if not left_out(schedule, half_terms, moment.date()))


def required_schedule(workspace: Workspace) -> Schedule:
    """The workspace's schedule. Without one: `WorkspaceProblem` with the lines to put into the settings."""
    if workspace.schedule is None:
        raise WorkspaceProblem(
            f"{SETTINGS} has no section [schedule], so no report is made by itself",
            next_step=f"put these lines into {workspace.root / SETTINGS}, changed as you like:\n\n{SCHEDULE_TEXT}",
        )
    return workspace.schedule


def nothing_today(workspace: Workspace, now: datetime | None = None) -> str:
    """One line saying why a scheduled run does nothing today (UK time); empty where it does its work.

    cron and Task Scheduler know neither August nor terms, so they start a run each time and the run itself looks.
    """
    today = (now or datetime.now(UTC)).astimezone(LONDON).date()
    why = left_out(required_schedule(workspace), workspace.half_terms, today)
    return f"nothing is done today, {today:%A} {day_name(today)}: {why}" if why else ""
