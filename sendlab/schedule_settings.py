"""[schedule] of sendlab.toml: when reports are made by themselves, checked; every fault is said at once."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any

from sendlab.errors import WorkspaceProblem

WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
EVERY = ("day", "weekday", *WEEK, "month")
SCHEDULE_TEXT = """\
[schedule]
every = "weekday"       # day, weekday, monday ... sunday, or month (on its first day)
at = "02:30"            # UK time; from 01:00 to 01:59 comes twice or never when the clocks change
august = false          # true: in August too
only_in_term = false    # true: only on days of term (in weeks or months with one), by the dates in [half_terms]
jobs = 2                # notebooks run at the same time
"""
Fault = tuple[str, str]  # what is wrong, and the line to write


@dataclass(frozen=True)
class Schedule:
    """When reports are made by themselves: UK time, days of `every` less those left out."""

    every: str = "weekday"  # one of EVERY
    at: time = time(2, 30)  # never within the hour that the clocks skip or repeat
    august: bool = False
    only_in_term: bool = False
    jobs: int = 2


def commented(text: str) -> str:
    """Lines of settings as they stand in a new workspace: behind a '#', without effect.

    >>> print(commented('[schedule]\\njobs = 2'))
    # [schedule]
    # jobs = 2
    """
    return "\n".join(f"# {line}" for line in text.splitlines())


def schedule_of(given: Mapping[str, Any], *, terms_known: bool) -> Schedule:
    """The schedule that a section [schedule] gives; what it does not say has its default.

    `given` is the section as TOML gives it, `terms_known` whether [half_terms] has dates. All faults are told in one
    `WorkspaceProblem`, with the lines to write.

    >>> schedule_of({"every": "monday", "at": "18:00"}, terms_known=False).at
    datetime.time(18, 0)
    """
    faults = [*_faults_of_time(given), *_faults_of_rules(given, terms_known)]
    if faults:
        raise WorkspaceProblem(
            f"sendlab.toml: [schedule] {'; '.join(what for what, _ in faults)}",
            next_step=f"write {', '.join(write for _, write in faults)}",
        )
    at = {"at": time.fromisoformat(given["at"])} if "at" in given else {}
    return Schedule(**{**given, **at})


def _faults_of_time(given: Mapping[str, Any]) -> Iterator[Fault]:
    if given.get("every", EVERY[0]) not in EVERY:
        yield f"every is none of {', '.join(EVERY)}", 'every = "weekday"'
    at = given.get("at", "02:30")
    if not (isinstance(at, str) and re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", at)):
        yield "at is no time of day such as 02:30, in quotation marks", 'at = "02:30"'
    elif at.startswith("01:"):
        yield "at lies in the hour that the clocks skip in March and pass twice in October", 'at = "02:30"'


def _faults_of_rules(given: Mapping[str, Any], terms_known: bool) -> Iterator[Fault]:
    for name in ("august", "only_in_term"):
        if not isinstance(given.get(name, False), bool):
            yield f"{name} is neither true nor false", f"{name} = false"
    if given.get("only_in_term") is True and not terms_known:
        yield "only_in_term needs dates in [half_terms], and there are none", "only_in_term = false"
    jobs = given.get("jobs", 1)
    if type(jobs) is not int or jobs < 1:
        yield "jobs is not a number from 1 up", "jobs = 2"
