"""What each scheduler is told: the lines for cron, the systemd service and timer, the XML for Task Scheduler."""

import hashlib
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from xml.sax.saxutils import escape

from sendlab.errors import RunProblem
from sendlab.runs.calendar import WEEKDAYS, required_schedule
from sendlab.schedule_settings import WEEK, Schedule
from sendlab.workspace import Workspace

LONGEST_HOURS = 20  # a run that hangs is ended before the next day's
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
          "December")  # fmt: skip
_UNWRITABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")  # line breaks, broken bytes: in no format


@dataclass(frozen=True)
class Job:
    """What is to be started, and when; `name` is the same for one workspace folder and no other."""

    name: str
    command: tuple[str, ...]
    schedule: Schedule
    environment: Mapping[str, str] = field(default_factory=dict)


def job_name(root: Path) -> str:
    """The name under which a workspace's entry is found again: its folder's, and a hash of the whole path.

    >>> job_name(Path("/srv/Our authority")).rpartition("-")[0]
    'sendlab-our-authority'
    """
    readable = re.sub("[^a-z0-9]+", "-", root.name.lower()).strip("-")[:30]
    told_apart = hashlib.sha256(os.path.normcase(root).encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return "-".join(part for part in ("sendlab", readable, told_apart) if part)


def job_of(workspace: Workspace) -> Job:
    """The scheduled report of a workspace, by the Python that runs now and from any folder.

    `-P` keeps the folder in which a scheduler starts it off Python's path: a folder called sendlab there would be taken
    for the package. Schedulers do not know the environment, so SENDLAB_CONFIG_DIR is handed on where it is set.
    A path with a line break is refused with `RunProblem`; no [schedule] with `WorkspaceProblem`.
    """
    command = (sys.executable, "-P", "-m", "sendlab", "report", "--workspace", str(workspace.root), "--scheduled")
    own = os.environ.get("SENDLAB_CONFIG_DIR")
    environment = {"SENDLAB_CONFIG_DIR": str(Path(own).resolve())} if own else {}
    if _UNWRITABLE.search("".join((*command, *environment.values()))):
        raise RunProblem(
            "the path of the workspace, of Python or of the configuration folder has a sign that no scheduler can hold",
            next_step="rename the folder that has a line break or another unprintable sign in its name",
        )
    return Job(job_name(workspace.root), command, required_schedule(workspace), environment)


# ---- cron


def cron_lines(job: Job) -> str:
    """The lines for a crontab, between two marks by which they are found again."""
    return (
        f"# {job.name} begin: written by 'sendlab schedule --install', taken out by 'sendlab schedule --remove'\n"
        "# CRON_TZ holds for all lines below it: put others above\n"
        "CRON_TZ=Europe/London\n"
        f"{job.schedule.at.minute} {job.schedule.at.hour} {_cron_days(job.schedule)} {cron_command(job)}\n"
        f"# {job.name} end\n"
    )


def _cron_days(schedule: Schedule) -> str:
    if schedule.every == "month":
        return "1 * *"
    days = WEEKDAYS[schedule.every]
    if len(days) == 7:
        return "* * *"
    first, last = (days[0] + 1) % 7, (days[-1] + 1) % 7  # cron's Sunday is 0
    return f"* * {first}" if first == last else f"* * {first}-{last}"


def cron_command(job: Job) -> str:
    """The command as it stands in a crontab: quoted for the shell, then '%' for cron, to which it is a line break."""
    settings = [f"{name}={shlex.quote(value)}" for name, value in job.environment.items()]
    line = " ".join((*settings, shlex.join(job.command)))
    # '\%' is '%' to cron; two quotation marks part a backslash that stands before a '%' by itself.
    return line.replace("\\%", "\\''%").replace("%", "\\%")


# ---- systemd


def service_text(job: Job) -> str:
    """The systemd service that makes the reports once. A Python path that systemd cannot start is a `RunProblem`."""
    if set(job.command[0]) & set("'\"\\"):
        raise RunProblem(
            "systemd starts no program in a folder with a quotation mark or a backslash in its name",
            next_step="use 'sendlab schedule --for cron', or install sendlab in another folder",
        )
    # ':' leaves '$' alone in all words.
    words = " ".join(_systemd_word(word) for word in (f":{job.command[0]}", *job.command[1:]))
    settings = "".join(f"Environment={_systemd_word(f'{name}={value}')}\n" for name, value in job.environment.items())
    return (
        f"[Unit]\nDescription=Reports of {job.name}\n\n"
        f"[Service]\nType=oneshot\nTimeoutStartSec={LONGEST_HOURS}h\n{settings}ExecStart={words}\n"
    )


def timer_text(job: Job) -> str:
    """The systemd timer that starts the service; a run missed while the computer was off is caught up."""
    return (
        f"[Unit]\nDescription=Reports of {job.name}: when\n\n"
        f"[Timer]\nOnCalendar={on_calendar(job.schedule)}\nPersistent=true\n\n"
        "[Install]\nWantedBy=timers.target\n"
    )


def on_calendar(schedule: Schedule) -> str:
    """The schedule as systemd's OnCalendar says it.

    >>> on_calendar(Schedule()), on_calendar(Schedule(every="month"))
    ('Mon..Fri *-*-* 02:30:00 Europe/London', '*-*-01 02:30:00 Europe/London')
    """
    days = {"day": "", "weekday": "Mon..Fri ", "month": ""}.get(schedule.every, f"{schedule.every[:3].title()} ")
    day_of_month = "01" if schedule.every == "month" else "*"
    return f"{days}*-*-{day_of_month} {schedule.at:%H:%M}:00 Europe/London"


def _systemd_word(word: str) -> str:
    """In quotation marks; '%' begins a specifier."""
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%") + '"'


# ---- Task Scheduler


def task_xml(job: Job, first: datetime) -> str:
    """The task for Windows' Task Scheduler, from the run at `first`, whose time is that of the computer's own clock.

    A workspace whose path holds what Task Scheduler takes for a variable is refused with `RunProblem`.
    """
    if any(re.search(r"%\w+%|\$\(", word) for word in job.command):
        raise RunProblem(
            "Task Scheduler takes '%name%' and '$(' in the workspace's path for a variable",
            next_step="rename that folder",
        )
    return _TASK.format(
        description=f"Reports of {job.name}, written by 'sendlab schedule'",
        start=f"{first:%Y-%m-%dT%H:%M:%S}",
        days=_task_days(job.schedule),
        hours=LONGEST_HOURS,
        program=escape(job.command[0]),
        words=escape(subprocess.list2cmdline(job.command[1:])),
    )


def _task_days(schedule: Schedule) -> str:
    if schedule.every == "month":
        months = "".join(f"<{month} />" for month in MONTHS)
        return f"<ScheduleByMonth><DaysOfMonth><Day>1</Day></DaysOfMonth><Months>{months}</Months></ScheduleByMonth>"
    if schedule.every == "day":
        return "<ScheduleByDay><DaysInterval>1</DaysInterval></ScheduleByDay>"
    days = "".join(f"<{WEEK[day].title()} />" for day in WEEKDAYS[schedule.every])
    return f"<ScheduleByWeek><DaysOfWeek>{days}</DaysOfWeek><WeeksInterval>1</WeeksInterval></ScheduleByWeek>"


# No user is named: schtasks fills in whoever hands it over. StartWhenAvailable catches up a run that was missed.
_TASK = """\
<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>{description}</Description>
  </RegistrationInfo>
  <Triggers>
    <CalendarTrigger>
      <StartBoundary>{start}</StartBoundary>
      {days}
    </CalendarTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <LogonType>InteractiveToken</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <StartWhenAvailable>true</StartWhenAvailable>
    <ExecutionTimeLimit>PT{hours}H</ExecutionTimeLimit>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>{program}</Command>
      <Arguments>{words}</Arguments>
    </Exec>
  </Actions>
</Task>
"""
