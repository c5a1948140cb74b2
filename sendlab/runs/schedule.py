"""A schedule in words: when it runs and when not, what a scheduler is told and where, what to know, how to end it."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from sendlab.runs.calendar import LONDON, due_days, left_out, next_runs, required_schedule, school_year
from sendlab.runs.entries import Job, cron_lines, job_of, service_text, task_xml, timer_text
from sendlab.runs.schedulers import unit_folder
from sendlab.schedule_settings import Schedule
from sendlab.schema.labels import day_name, period_name
from sendlab.workspace import Workspace

RUNS_SHOWN = 5
LOOK_AHEAD = 400  # due days among which the next one left out is looked for


@dataclass(frozen=True)
class Form:
    """A kind of scheduler: what it is called, what it is told, and what an analyst should know of it."""

    title: str
    texts: Callable[[Job, datetime], dict[str, str]]  # {where: text}
    notes: tuple[str, ...]


def _cron_texts(job: Job, _: datetime) -> dict[str, str]:
    return {"this account's crontab": cron_lines(job)}


def _systemd_texts(job: Job, _: datetime) -> dict[str, str]:
    folder = unit_folder()
    return {
        str(folder / f"{job.name}.service"): service_text(job),
        str(folder / f"{job.name}.timer"): timer_text(job),
    }


def _task_texts(job: Job, first: datetime) -> dict[str, str]:
    return {f"Task Scheduler, as the task {job.name}": task_xml(job, first)}


FORMS = {
    "cron": Form(
        "cron",
        _cron_texts,
        (
            "Cron goes by the computer's own time zone. The line CRON_TZ asks for UK time, but some crons (Debian's and"
            " Ubuntu's among them) take no notice of it: there the computer itself must be on UK time.",
            "A run that falls due while the computer is off is not caught up.",
            "What a run prints is mailed to this account, where the computer has mail.",
        ),
    ),
    "systemd": Form(
        "systemd",
        _systemd_texts,
        (
            "UK time, whatever time zone the computer is on. A run missed while the computer was off is caught up.",
            "The timer works while this account is logged in; 'loginctl enable-linger' lets it work at all times.",
            "What a run prints: journalctl --user -u {name}",
        ),
    ),
    "windows": Form(
        "Windows Task Scheduler",
        _task_texts,
        (
            "Task Scheduler goes by the computer's own clock, so Windows must be on UK time ('GMT Standard Time').",
            "The task runs while you are logged on; 'Run whether user is logged on or not' in its properties lets it"
            " run at all times. A run missed while the computer was off is caught up.",
            "Of what a run prints Task Scheduler keeps but the exit status: 0 done, 1 found problems, 2 could not run.",
            "SENDLAB_CONFIG_DIR, where you use it, must be a variable of your Windows account (setx).",
        ),
    ),
}


def usual_form() -> str:
    """The scheduler of this computer: windows; systemd where the computer was started by it; else cron."""
    if sys.platform == "win32":
        return "windows"
    return "systemd" if Path("/run/systemd/system").is_dir() else "cron"


def explained(workspace: Workspace, form: str, now: datetime) -> list[str]:
    """Lines that say when reports are made, what the scheduler `form` (a key of FORMS) is told, and what to know.

    `now` is a moment with a time zone. Without [schedule], and for a path that cannot be written: an error in words.
    """
    job, kind = job_of(workspace), FORMS[form]
    lines = [f"Reports of {workspace.la_name} are made {in_words(job.schedule)}.", *_when(workspace, now)]
    for where, text in kind.texts(job, first_run(workspace, now)).items():
        lines += ["", f"What {kind.title} is told, in {where}:", "", *text.rstrip("\n").split("\n")]
    lines += ["", "Good to know:"]
    lines += [f"- {note.format(name=job.name)}" for note in (*kind.notes, *_notes(form, now))]
    return [*lines, f"- To end it: sendlab schedule --for {form} --remove"]


def in_words(schedule: Schedule) -> str:
    """When a schedule is due.

    >>> in_words(Schedule(every="monday"))
    'every Monday at 02:30, UK time'
    """
    named = {"weekday": "every weekday (Monday to Friday)", "month": "on the first day of every month"}
    days = named.get(schedule.every, f"every {'day' if schedule.every == 'day' else schedule.every.title()}")
    return f"{days} at {schedule.at:%H:%M}, UK time"


def first_run(workspace: Workspace, now: datetime) -> datetime:
    """The first run after `now` that does its work, in UK time."""
    return next(next_runs(required_schedule(workspace), workspace.half_terms, now))


def _when(workspace: Workspace, now: datetime) -> Iterator[str]:
    schedule, half_terms = required_schedule(workspace), workspace.half_terms
    runs = list(islice(next_runs(schedule, half_terms, now), RUNS_SHOWN))
    yield f"The next {RUNS_SHOWN} runs:"
    yield from (f"  {_moment(run)}" for run in runs)
    rules = [rule for rule, holds in (("August", not schedule.august), _term_rule(schedule)) if holds]
    yield f"Left out: {' and '.join(rules) or 'nothing'}."
    for due in islice(due_days(schedule, now), LOOK_AHEAD):
        if why := left_out(schedule, half_terms, due.date()):
            yield f"  the next that is left out: {_moment(due)}, as {why}"
            break
    known = {year for year, *_ in half_terms}
    unknown = sorted({school_year(run.date()) for run in runs} - known) if schedule.only_in_term else []
    if unknown:
        years = ", ".join(map(period_name, unknown))
        yield f"  [half_terms] has no dates for {years}: until it has, every run there does its work"


def _term_rule(schedule: Schedule) -> tuple[str, bool]:
    weeks = "weeks (Monday to Sunday) without a day of term"
    days = {"month": "months without a day of term", "day": "days out of term", "weekday": "days out of term"}
    return f"{days.get(schedule.every, weeks)}, by the dates in [half_terms]", schedule.only_in_term


def _moment(moment: datetime) -> str:
    return f"{moment:%A} {day_name(moment.date())}, {moment:%H:%M}"


def _notes(form: str, now: datetime) -> Iterator[str]:
    """What holds of every form, and of this computer."""
    if form != usual_form():
        yield f"The paths are those of this computer, whose usual scheduler is {FORMS[usual_form()].title}."
    if form != "systemd" and form == usual_form():
        yield f"This computer is {'' if _keeps_uk_time(now) else 'NOT '}on UK time."
    yield "Changes of every and at count once --install is given again; august, only_in_term and jobs count at once."
    yield "Days left out are known to sendlab, not to the scheduler: it starts a run, which then does nothing."


def _keeps_uk_time(now: datetime) -> bool:
    """Whether this computer's clock agrees with the UK's in the winter and the summer of the year."""
    noons = [datetime(now.year, month, 1, 12, tzinfo=LONDON) for month in (1, 7)]
    return all(noon.astimezone().utcoffset() == noon.utcoffset() for noon in noons)
