"""Scheduled reports: UK time, August and terms, what each scheduler is told, and nothing installed unasked."""

import re
import shlex
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise, takewhile
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from conftest import ROOT, make_workspace
from hypothesis import given
from hypothesis import strategies as st

from sendlab.cli import main
from sendlab.errors import RunProblem, WorkspaceProblem
from sendlab.runs.calendar import due_days, left_out, next_runs, nothing_today, required_schedule
from sendlab.runs.entries import Job, cron_command, cron_lines, job_name, job_of, on_calendar, service_text, task_xml
from sendlab.runs.entries import timer_text as timer
from sendlab.runs.schedule import explained
from sendlab.runs.schedulers import with_lines
from sendlab.schedule_settings import EVERY, SCHEDULE_TEXT, Schedule
from sendlab.workspace import find_workspace, init_workspace, read_workspace

UK = ZoneInfo("Europe/London")
ODD = 'Süd & 50% of "it\'s" $HOME \\%d'  # blanks, umlaut, ampersand, both quotation marks, percent, dollar, backslash
# Half terms of 2025/26 at the invented Exampleshire; the first day, 2 September, is a Tuesday.
SPANS = ("2025-09-02 2025-10-24", "2025-11-03 2025-12-19", "2026-01-05 2026-02-13",
         "2026-02-23 2026-03-27", "2026-04-13 2026-05-22", "2026-06-01 2026-07-21")  # fmt: skip
HALF_TERMS = tuple(("202526", n, *map(date.fromisoformat, span.split())) for n, span in enumerate(SPANS, 1))
DATES = "[half_terms]\n202526 = [" + ", ".join(f"[{span.replace(' ', ', ')}]" for span in SPANS) + "]\n"
NOW = datetime(2026, 6, 26, 12, tzinfo=UTC)  # a Friday in term


def space_with(folder, text="[schedule]\n"):
    make_workspace(folder)
    with (folder / "sendlab.toml").open("a", encoding="utf-8") as settings:
        settings.write(text)
    return find_workspace(folder)


def schedule_in(folder, lines, before=""):
    return space_with(folder, f"{before}[schedule]\n{lines}\n").schedule


def days_of(schedule, first, last, half_terms=()):
    """The days from first to last on which a run does its work."""
    runs = next_runs(schedule, half_terms, datetime.combine(first, time(), UK))
    return [run.date() for run in takewhile(lambda run: run.date() <= last, runs)]


def week(*days, month=6, year=2026):
    return [date(year, month, day) for day in days]


# ---- [schedule]


def test_without_a_section_there_is_no_schedule_and_an_empty_one_has_the_defaults(tmp_path):
    assert find_workspace(make_workspace(tmp_path / "a")).schedule is None
    assert space_with(tmp_path / "b").schedule == Schedule("weekday", time(2, 30), False, False, 2)


def test_the_lines_that_init_writes_do_nothing_until_the_marks_are_taken_away(tmp_path, monkeypatch):
    monkeypatch.setenv("SENDLAB_CONFIG_DIR", str(tmp_path / "config"))
    made = init_workspace(tmp_path / "own", la_code="213", la_name="Trial")
    assert made.schedule is None
    path = made.root / "sendlab.toml"
    text = path.read_text(encoding="utf-8")
    marked = "".join(f"# {line}\n" for line in SCHEDULE_TEXT.splitlines())
    assert marked in text
    path.write_text(text.replace(marked, SCHEDULE_TEXT), encoding="utf-8")
    assert read_workspace(made.root).schedule == Schedule()


def test_the_readme_shows_the_section_as_it_is():
    assert f"```toml\n{SCHEDULE_TEXT}```" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_key_is_read(tmp_path):
    lines = 'every = "sunday"\nat = "18:05"\naugust = true\nonly_in_term = true\njobs = 5'
    assert schedule_in(tmp_path, lines, DATES) == Schedule("sunday", time(18, 5), True, True, 5)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ('every = "Monday"', "every is none of day"),
        ("every = 1", "every is none of day"),
        ('at = "2:30"', "at is no time of day"),
        ('at = "24:00"', "at is no time of day"),
        ('at = "٠٢:٣٠"', "at is no time of day"),
        ("at = 02:30:00", "at is no time of day"),
        ('at = "01:00"', "at lies in the hour that the clocks skip"),
        ('at = "01:59"', "at lies in the hour that the clocks skip"),
        ("august = 1", "august is neither true nor false"),
        ('only_in_term = "yes"', "only_in_term is neither true nor false"),
        ("only_in_term = true", r"only_in_term needs dates in \[half_terms\]"),
        ("jobs = 0", "jobs is not a number"),
        ("jobs = true", "jobs is not a number"),
        ("evry = 1", "knows no 'evry'"),
    ],
)
def test_a_fault_is_told(tmp_path, lines, told):
    with pytest.raises(WorkspaceProblem, match=rf"\[schedule\] {told}") as caught:
        schedule_in(tmp_path, lines)
    assert caught.value.next_step


def test_all_faults_are_told_at_once(tmp_path):
    with pytest.raises(WorkspaceProblem) as caught:
        schedule_in(tmp_path, 'every = "never"\nat = "noon"\njobs = 0')
    assert [word in str(caught.value) for word in ("every is", "at is", "jobs is")] == [True] * 3


def happens(day, at):
    """How often the clock on a British wall shows this time on this day: counted over all minutes of UTC around it."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=2)
    local = ((start + timedelta(minutes=n)).astimezone(UK) for n in range(28 * 60))
    return sum((moment.date(), moment.time()) == (day, at) for moment in local)


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)])
def test_every_time_that_is_taken_happens_exactly_once_when_the_clocks_change(tmp_path, day):
    assert happens(day, time(1, 30)) == (0 if day.month == 3 else 2)
    space_with(tmp_path, '[schedule]\nat = "02:30"\n')
    text = (tmp_path / "sendlab.toml").read_text(encoding="utf-8")
    for minute in range(0, 24 * 60, 15):
        at = time(*divmod(minute, 60))
        (tmp_path / "sendlab.toml").write_text(text.replace("02:30", f"{at:%H:%M}"), encoding="utf-8")
        if happens(day, at) == 1 and at.hour != 1:
            assert read_workspace(tmp_path).schedule.at == at
        else:
            assert at.hour == 1
            with pytest.raises(WorkspaceProblem):
                read_workspace(tmp_path)


# ---- days and moments


def test_a_run_at_half_past_two_happens_exactly_once_on_every_day_of_seven_years():
    first, last = date(2024, 1, 1), date(2030, 12, 31)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    runs = list(islice(due_days(Schedule(every="day"), datetime(2023, 12, 31, 12, tzinfo=UTC)), len(days)))
    assert [run.date() for run in runs] == days
    seen = [run.astimezone(UTC) for run in runs]
    assert {after - before for before, after in pairwise(seen)} == {timedelta(hours=h) for h in (23, 24, 25)}
    assert all(moment.astimezone(UK).replace(tzinfo=None) == datetime.combine(run, time(2, 30))
               for moment, run in zip(seen, days, strict=True))  # fmt: skip
    assert all(run.replace(fold=0).utcoffset() == run.replace(fold=1).utcoffset() for run in runs)


def test_the_clock_changes_of_2026_by_hand():
    runs = due_days(Schedule(every="sunday"), datetime(2026, 3, 28, tzinfo=UTC))
    assert next(runs).astimezone(UTC) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)  # summer time has just begun
    runs = due_days(Schedule(every="sunday"), datetime(2026, 10, 24, tzinfo=UTC))
    assert next(runs).astimezone(UTC) == datetime(2026, 10, 25, 2, 30, tzinfo=UTC)  # and has just ended
    assert next(runs).date() == date(2026, 11, 1)
    assert next(due_days(Schedule(every="sunday"), datetime(2026, 10, 25, 2, 30, tzinfo=UK))).date() == date(
        2026, 11, 1
    )


@given(st.datetimes(datetime(2024, 1, 1), datetime(2030, 12, 1), timezones=st.just(UTC)), st.sampled_from(EVERY))
def test_the_next_run_is_later_and_no_due_day_lies_between(now, every):
    schedule = Schedule(every=every, august=True)
    run = next(next_runs(schedule, (), now))
    assert now < run.astimezone(UTC)
    between = [run.date() - timedelta(days=n) for n in range(1, (run.date() - now.astimezone(UK).date()).days)]
    named = {"day": "", "weekday": "saturday sunday", "month": ""}.get(every)
    for day in between:
        if named is None:
            assert f"{day:%A}".lower() != every
        else:
            assert f"{day:%A}".lower() in named if every != "month" else day.day != 1
    assert every != "day" or between == []


@pytest.mark.parametrize(
    ("every", "days"),
    [
        ("day", week(22, 23, 24, 25, 26, 27, 28)),
        ("weekday", week(22, 23, 24, 25, 26)),
        ("monday", week(22)),
        ("sunday", week(28)),
        ("month", []),
    ],
)
def test_days_of_the_week_of_22_june_2026(every, days):
    assert days_of(Schedule(every=every), date(2026, 6, 22), date(2026, 6, 28)) == days


def test_there_is_no_run_in_august_unless_asked():
    monthly = (date(2026, 6, 15), date(2026, 10, 15))
    assert days_of(Schedule(every="month"), *monthly) == [date(2026, month, 1) for month in (7, 9, 10)]
    assert days_of(Schedule(every="month", august=True), *monthly) == [date(2026, month, 1) for month in (7, 8, 9, 10)]
    daily = days_of(Schedule(every="day"), date(2026, 7, 31), date(2026, 9, 1))
    assert daily == [date(2026, 7, 31), date(2026, 9, 1)]


def test_days_out_of_term_are_left_out():
    schedule = Schedule(every="weekday", only_in_term=True)
    # 23 October 2025 is a Thursday; the half term ends on Friday 24, the next begins on Monday 3 November.
    found = days_of(schedule, date(2025, 10, 23), date(2025, 11, 4), HALF_TERMS)
    assert found == [date(2025, 10, 23), date(2025, 10, 24), date(2025, 11, 3), date(2025, 11, 4)]


def test_a_week_with_one_day_of_term_is_a_week_of_term():
    schedule = Schedule(every="monday", only_in_term=True)
    # Term begins on Tuesday 2 September 2025, and ends on Tuesday 21 July 2026.
    assert days_of(schedule, date(2025, 8, 25), date(2025, 9, 8), HALF_TERMS) == [date(2025, 9, 1), date(2025, 9, 8)]
    assert days_of(schedule, date(2026, 7, 13), date(2026, 7, 31), HALF_TERMS) == [date(2026, 7, 13), date(2026, 7, 20)]
    # The holiday from 25 October to 2 November has one Monday to itself.
    assert days_of(schedule, date(2025, 10, 20), date(2025, 11, 3), HALF_TERMS) == [
        date(2025, 10, 20),
        date(2025, 11, 3),
    ]


def test_a_month_with_a_day_of_term_has_its_run_though_the_first_is_a_holiday():
    schedule = Schedule(every="month", only_in_term=True, august=True)
    found = days_of(schedule, date(2025, 8, 1), date(2026, 7, 31), HALF_TERMS)
    assert found == [date(2025, month, 1) for month in (9, 10, 11, 12)] + [date(2026, n, 1) for n in range(1, 8)]


def test_a_year_without_dates_is_run_as_if_in_term():
    schedule = Schedule(every="day", only_in_term=True, august=True)
    assert left_out(schedule, HALF_TERMS, date(2026, 7, 31)) and not left_out(schedule, HALF_TERMS, date(2026, 8, 1))


def test_the_line_of_a_day_that_is_left_out_goes_by_the_day_in_the_uk(tmp_path):
    space = space_with(tmp_path)
    evening = datetime(2026, 7, 31, 23, 30, tzinfo=UTC)  # past midnight in summer time
    assert nothing_today(space, evening) == (
        "nothing is done today, Saturday 1 August 2026: August is left out (august = false)"
    )
    assert nothing_today(space, evening - timedelta(hours=1)) == ""


# ---- what schedulers are told


def job(*words, environment=None, **schedule):
    command = ("/opt/py/bin/python", "-m", "sendlab", "--workspace", *words)
    return Job("sendlab-x-0", command, Schedule(**schedule), environment or {})


def as_cron_reads(command):
    """The command that cron hands to the shell: its '%' is a line break, and loses a backslash before it."""
    out, escaped = "", False
    for sign in command:
        if escaped and sign == "%":
            out = out[:-1]
        elif sign == "%":
            sign = "\n"
        escaped = sign == "\\" and not escaped
        out += sign
    return out


@pytest.mark.parametrize(
    ("every", "days"),
    [("day", "* * *"), ("weekday", "* * 1-5"), ("monday", "* * 1"), ("sunday", "* * 0"), ("month", "1 * *")],
)
def test_the_lines_for_cron(every, days):
    lines = cron_lines(job("/srv/a", every=every, at=time(18, 5))).splitlines()
    assert lines[0].startswith("# sendlab-x-0 begin") and lines[-1] == "# sendlab-x-0 end"
    assert lines[2:4] == [
        "CRON_TZ=Europe/London", f"5 18 {days} /opt/py/bin/python -m sendlab --workspace /srv/a"
    ]  # fmt: skip


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc",)), min_size=1) | st.text("\\%'\" $a", min_size=1))
def test_cron_and_its_shell_give_the_command_back(folder):
    made = job(folder, environment={"SENDLAB_CONFIG_DIR": folder})
    assert "\n" not in cron_command(made)
    assert tuple(shlex.split(as_cron_reads(cron_command(made)))) == (f"SENDLAB_CONFIG_DIR={folder}", *made.command)


def test_a_real_shell_starts_the_job_in_an_odd_folder(tmp_path):
    shell = shutil.which("sh") or pytest.skip("there is no POSIX shell here")
    printed = Job("x", (sys.executable, "-c", "import sys; print(ascii(sys.argv[1:]))", ODD), Schedule())
    done = subprocess.run([shell, "-c", as_cron_reads(cron_command(printed))], capture_output=True, check=True)
    assert done.stdout.decode().strip() == ascii([ODD])


def test_the_service_and_the_timer_by_hand():
    lines = service_text(job(ODD, environment={"SENDLAB_CONFIG_DIR": "/a b%"})).splitlines()
    assert 'Environment="SENDLAB_CONFIG_DIR=/a b%%"' in lines
    assert lines[-1] == (
        'ExecStart=":/opt/py/bin/python" "-m" "sendlab" "--workspace" '
        '"Süd & 50%% of \\"it\'s\\" $HOME \\\\%%d"'
    )  # fmt: skip
    assert {"OnCalendar=Mon..Fri *-*-* 02:30:00 Europe/London", "Persistent=true"} <= set(timer(job("a")).splitlines())


def analyze(*arguments, **options):
    tool = shutil.which("systemd-analyze") or pytest.skip("systemd-analyze is absent")
    done = subprocess.run([tool, *arguments], capture_output=True, text=True, timeout=60, **options)
    if "Failed to initialize manager" in done.stderr:
        pytest.skip("systemd-analyze does not work in this container")
    return done


@pytest.mark.parametrize("program", ["python", "missing"])
def test_systemd_itself_takes_the_units_of_an_odd_folder(tmp_path, program, monkeypatch):
    folder = tmp_path / "Süd & 50% of $HOME"
    folder.mkdir()
    (folder / "python").symlink_to(sys.executable)
    made = Job("sendlab-x", (str(folder / program), "-m", "x", ODD), Schedule(), {"SENDLAB_CONFIG_DIR": ODD})
    (tmp_path / "sendlab-x.service").write_text(service_text(made), encoding="utf-8")
    (tmp_path / "sendlab-x.timer").write_text(timer(made), encoding="utf-8")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    done = analyze("--user", "verify", "./sendlab-x.service", "./sendlab-x.timer", cwd=tmp_path)
    if program == "python":
        assert done.returncode == 0 and "sendlab-x" not in done.stderr
    else:  # it looked for the program where the folder really is: quoting and specifiers are right
        assert done.returncode and f"Command {folder / program} is not executable" in done.stderr


@pytest.mark.parametrize("every", EVERY)
def test_systemd_itself_names_the_same_moments(every):
    schedule = Schedule(every=every)
    runs = list(islice(due_days(schedule, datetime(2026, 3, 20, tzinfo=UTC)), 12))
    base = ["--iterations=12", "--base-time=2026-03-20 00:00:00 UTC"]
    done = analyze("calendar", *base, on_calendar(schedule), env={"TZ": "UTC", "LC_ALL": "C"})
    found = re.findall(r"(?:Next elapse|Iter\. #\d+): \w{3} (\d{4}-\d\d-\d\d \d\d:\d\d):00 UTC", done.stdout)
    assert found == [f"{run.astimezone(UTC):%Y-%m-%d %H:%M}" for run in runs], done.stderr


NS = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"


def task(made):
    return ET.fromstring(task_xml(made, datetime(2026, 6, 29, 2, 30, tzinfo=UK)).encode("utf-16"))


def as_windows_reads(line):
    """The words of a command line as the C run-time of Windows takes them apart."""
    words, word, quoted, n = [], None, False, 0
    while n < len(line):
        slashes = len(line[n:]) - len(line[n:].lstrip("\\"))
        n += slashes
        before_mark = line[n : n + 1] == '"'
        if slashes:
            word = (word or "") + "\\" * (slashes // 2 if before_mark else slashes)
        if before_mark and slashes % 2:
            word, n = word + '"', n + 1
        elif before_mark:
            quoted, word, n = not quoted, word or "", n + 1
        elif line[n : n + 1] in (" ", "\t") and not quoted:
            words, word, n = words + ([word] if word is not None else []), None, n + 1
        elif n < len(line):
            word, n = (word or "") + line[n], n + 1
    return words + ([word] if word is not None else [])


def test_the_task_by_hand():
    root = task(job("D:\\Süd & <50%>\\"))
    assert [child.tag.removeprefix(NS) for child in root] == [
        "RegistrationInfo", "Triggers", "Principals", "Settings", "Actions"
    ]  # fmt: skip
    assert root.findtext(f".//{NS}StartBoundary") == "2026-06-29T02:30:00"  # no offset: the computer's own clock
    assert root.findtext(f".//{NS}MultipleInstancesPolicy") == "IgnoreNew"
    assert root.findtext(f".//{NS}Command") == "/opt/py/bin/python"
    assert root.findtext(f".//{NS}Arguments") == '-m sendlab --workspace "D:\\Süd & <50%>\\\\"'


@pytest.mark.parametrize(
    ("every", "kind", "days"),
    [
        ("day", "ScheduleByDay", []),
        ("weekday", "ScheduleByWeek", ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"]),
        ("sunday", "ScheduleByWeek", ["Sunday"]),
        ("month", "ScheduleByMonth", []),
    ],
)
def test_the_days_of_a_task(every, kind, days):
    trigger = task(job("a", every=every)).find(f".//{NS}CalendarTrigger")
    assert [child.tag.removeprefix(NS) for child in trigger] == ["StartBoundary", kind]
    assert [day.tag.removeprefix(NS) for day in trigger.findall(f".//{NS}DaysOfWeek/*")] == days
    assert len(trigger.findall(f".//{NS}Months/*")) == (12 if every == "month" else 0)
    assert trigger.findtext(f".//{NS}Day") == ("1" if every == "month" else None)


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cn", "Co")), min_size=1)
       | st.text('\\"<&> a', min_size=1))  # fmt: skip
def test_windows_gives_the_command_back(folder):
    made = job(folder)
    try:
        root = task(made)
    except RunProblem:
        assert re.search(r"%\w+%|\$\(", folder)
        return
    assert as_windows_reads(root.findtext(f".//{NS}Arguments")) == list(made.command[1:])


@pytest.mark.parametrize("name", ["a\nb", "a\x07b", "a\udcffb"])
def test_a_folder_that_no_scheduler_can_hold_is_refused(tmp_path, name):
    try:
        space = space_with(tmp_path / name)
    except OSError:
        pytest.skip("this file system knows no such name")
    with pytest.raises(RunProblem, match="no scheduler can hold"):
        job_of(space)


def test_what_one_form_alone_cannot_hold_is_refused():
    with pytest.raises(RunProblem, match="for a variable"):
        task(job("C:\\%TEMP%\\x"))
    with pytest.raises(RunProblem, match="quotation mark"):
        service_text(Job("x", ("/home/o'brien/python", "-m"), Schedule()))


def test_the_command_and_its_name(tmp_path, monkeypatch):
    monkeypatch.delenv("SENDLAB_CONFIG_DIR", raising=False)
    one, other = space_with(tmp_path / "a" / "Our LA"), space_with(tmp_path / "b" / "Our LA")
    command = ("-P", "-m", "sendlab", "report", "--workspace", str(one.root), "--scheduled")
    assert job_of(one).command == (sys.executable, *command) and job_of(one).environment == {}
    assert re.fullmatch("sendlab-our-la-[0-9a-f]{8}", job_name(one.root)) and job_name(one.root) != job_name(other.root)
    monkeypatch.setenv("SENDLAB_CONFIG_DIR", "keys here")
    assert job_of(one).environment == {"SENDLAB_CONFIG_DIR": str(Path("keys here").resolve())}


# ---- the words


def test_the_words_name_the_next_five_runs_and_what_is_left_out(tmp_path):
    lines = explained(space_with(tmp_path, DATES + '[schedule]\nevery = "monday"\nonly_in_term = true\n'), "cron", NOW)
    assert lines[0] == "Reports of Trialshire (invented) are made every Monday at 02:30, UK time."
    assert lines[2:7] == [
        "  Monday 29 June 2026, 02:30", "  Monday 6 July 2026, 02:30", "  Monday 13 July 2026, 02:30",
        "  Monday 20 July 2026, 02:30", "  Monday 7 September 2026, 02:30",
    ]  # fmt: skip
    assert lines[7].startswith("Left out: August and weeks (Monday to Sunday) without a day of term")
    assert lines[8].startswith(
        "  the next that is left out: Monday 27 July 2026, 02:30, as the week has no day of term"
    )
    assert lines[9].startswith("  [half_terms] has no dates for 2026/27")


def test_nothing_left_out_is_said(tmp_path):
    lines = explained(space_with(tmp_path, "[schedule]\naugust = true\n"), "windows", NOW)
    assert "Left out: nothing." in lines and not any("left out:" in line for line in lines)


# ---- the verb, with tools of the test's own in place of crontab, systemctl and schtasks

CRONTAB = """\
import pathlib, sys
table = pathlib.Path(__file__).with_name("table")
if sys.argv[1:] == ["-l"]:
    if not table.exists():
        sys.exit("no crontab for trial")
    sys.stdout.buffer.write(table.read_bytes())
elif sys.argv[1:] == ["-"]:
    table.write_bytes(sys.stdin.buffer.read())
else:
    sys.exit("usage")
"""
NOTED = """\
import pathlib, sys
with pathlib.Path(__file__).with_name("calls").open("a", encoding="utf-8") as calls:
    print(*sys.argv[1:], sep="|", file=calls)
"""
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins for tools are scripts with a shebang")


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """A folder that is the whole PATH; `put(name, text)` puts a tool there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("SENDLAB_CONFIG_DIR", raising=False)

    def put(name, text):
        (folder / name).write_text(f"#!{sys.executable}\n{text}", encoding="utf-8")
        (folder / name).chmod(0o755)
        return folder

    return put


def verb(space, *options, form="cron"):
    return CliRunner().invoke(main, ["schedule", "--workspace", str(space.root), "--for", form, *options])


def files_below(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_without_a_section_the_verb_gives_the_lines_and_ends_with_2(tmp_path):
    done = verb(find_workspace(make_workspace(tmp_path)))
    assert done.exit_code == 2 and SCHEDULE_TEXT in done.stderr and done.stdout == ""


@posix_only
def test_nothing_is_installed_without_install(tmp_path, tools):
    space = space_with(tmp_path / "w")
    for name in ("crontab", "systemctl", "schtasks"):
        tools(name, NOTED)
    before = files_below(tmp_path)
    for form in ("cron", "systemd", "windows"):
        done = verb(space, form=form)
        assert done.exit_code == 0 and "Nothing was installed" in done.stdout and str(space.root) in done.stdout
    assert files_below(tmp_path) == before


@posix_only
@pytest.mark.parametrize("others", [b"", b"MAILTO=me\n# caf\xe9\n5 4 * * * /bin/true\n", b"5 4 * * * no line break"])
def test_installing_twice_is_installing_once_and_other_lines_stay(tmp_path, tools, others):
    table = tools("crontab", CRONTAB) / "table"
    if others:
        table.write_bytes(others)
    space = space_with(tmp_path / ODD)
    assert "installed in this account's crontab" in verb(space, "--install").stdout
    once = table.read_bytes()
    lines = cron_lines(job_of(space)).encode()
    assert once == (others + b"\n" if others and not others.endswith(b"\n") else others) + lines
    assert "nothing was changed" in verb(space, "--install").stdout and table.read_bytes() == once


@posix_only
def test_a_changed_schedule_takes_the_place_of_the_old_and_each_workspace_has_its_own(tmp_path, tools):
    table = tools("crontab", CRONTAB) / "table"
    one, other = space_with(tmp_path / "one"), space_with(tmp_path / "other")
    for space in (one, other):
        assert verb(space, "--install").exit_code == 0
    (one.root / "sendlab.toml").write_text(
        (one.root / "sendlab.toml").read_text(encoding="utf-8") + 'at = "19:00"\n', encoding="utf-8"
    )
    assert verb(one, "--install").exit_code == 0
    now = [cron_lines(job_of(find_workspace(space.root))) for space in (one, other)]
    assert table.read_text(encoding="utf-8") == "".join(now) and "0 19 * * 1-5" in now[0]
    assert verb(one, "--remove").exit_code == 0 and table.read_text(encoding="utf-8") == now[1]


@posix_only
def test_removing_takes_out_its_own_lines_even_when_the_section_is_gone(tmp_path, tools):
    table = tools("crontab", CRONTAB) / "table"
    others = b"# before\n5 4 * * * /bin/true\n"
    table.write_bytes(others)
    space = space_with(tmp_path / "w")
    verb(space, "--install")
    make_workspace(space.root)
    assert "taken out" in verb(space, "--remove").stdout and table.read_bytes() == others
    assert "nothing was changed" in verb(space, "--remove").stdout and table.read_bytes() == others


TABLE_LINES = st.lists(st.text("ab #\x0b\u2028%", max_size=6), max_size=6)


@given(TABLE_LINES, TABLE_LINES)
def test_lines_before_and_after_stay_as_they_are(before, after):
    above, below = ("".join(f"{line}\n" for line in lines) for lines in (before, after))
    first, second = (f"# x begin\n{n} 2 * * * a\n# x end\n" for n in (1, 2))
    assert with_lines(above + first + below, "x", second) == above + second + below
    assert with_lines(above + first + below, "x", "") == above + below
    assert with_lines(above + below, "x", first) == above + below + first


@posix_only
@pytest.mark.parametrize("marks", ["# {0} begin\n", "# {0} end\n", "# {0} end\n# {0} begin\n", "# {0} begin\n" * 2])
def test_half_an_entry_is_not_guessed_at(tmp_path, tools, marks):
    table = tools("crontab", CRONTAB) / "table"
    space = space_with(tmp_path / "w")
    text = marks.format(job_name(space.root)) + "5 4 * * * /bin/true\n"
    table.write_text(text, encoding="utf-8")
    for option in ("--install", "--remove"):
        done = verb(space, option)
        assert done.exit_code == 2 and "put that right" in done.stderr and table.read_text(encoding="utf-8") == text


@posix_only
def test_a_table_that_cannot_be_read_is_not_overwritten(tmp_path, tools):
    tools("crontab", CRONTAB.replace("no crontab for trial", "you are not allowed to use this program"))
    done = verb(space_with(tmp_path / "w"), "--install")
    assert done.exit_code == 2 and "crontab refused: you are not allowed" in done.stderr and "by hand" in done.stderr
    assert not (tmp_path / "bin" / "table").exists()


@posix_only
@pytest.mark.parametrize(("form", "tool"), [("cron", "crontab"), ("systemd", "systemctl"), ("windows", "schtasks")])
@pytest.mark.parametrize("text", ["", "import sys; sys.exit('not today')", "\0"], ids=["absent", "refuses", "broken"])
def test_a_tool_that_is_absent_or_refuses_is_told_with_what_to_do_by_hand(tmp_path, tools, form, tool, text):
    if text:
        folder = tools(tool, text)
        if text == "\0":
            (folder / tool).write_bytes(b"\0\0")  # cannot be started
    done = verb(space_with(tmp_path / "w"), "--install", form=form)
    assert done.exit_code == 2 and "by hand: " in done.stderr and "Traceback" not in done.stderr
    expected = {"": "has no", "\0": "could not be run"}.get(text, f"{tool} refused: not today")
    assert expected in done.stderr
    if not text:
        assert not (tmp_path / "config").exists() and not (tmp_path / "w" / "store").exists()


@posix_only
def test_units_are_written_switched_on_and_taken_away(tmp_path, tools):
    calls = tools("systemctl", NOTED) / "calls"
    space = space_with(tmp_path / "w")
    name, units = job_name(space.root), tmp_path / "config" / "systemd" / "user"
    for _ in range(2):
        assert verb(space, "--install", form="systemd").exit_code == 0
    assert {path.name for path in units.iterdir()} == {f"{name}.service", f"{name}.timer"}
    assert (units / f"{name}.service").read_text(encoding="utf-8") == service_text(job_of(space))
    on = ["--user|daemon-reload", f"--user|enable|--now|{name}.timer"]
    assert calls.read_text(encoding="utf-8").splitlines() == on * 2
    assert verb(space, "--remove", form="systemd").exit_code == 0 and list(units.iterdir()) == []
    off = [f"--user|disable|--now|{name}.timer", "--user|daemon-reload"]
    assert calls.read_text(encoding="utf-8").splitlines() == on * 2 + off
    assert "nothing was changed" in verb(space, "--remove", form="systemd").stdout


@posix_only
def test_the_task_is_handed_over_in_utf_16(tmp_path, tools):
    calls = tools("schtasks", NOTED) / "calls"
    space = space_with(tmp_path / "Süd & Co")
    name, path = job_name(space.root), space.store / "schedule.xml"
    assert verb(space, "--install", form="windows").exit_code == 0
    raw = path.read_bytes()
    assert raw.startswith(b"\xff\xfe<\0?\0") and "\r\n" in raw.decode("utf-16")
    assert str(space.root) in ET.fromstring(raw).findtext(f".//{NS}Arguments")
    assert verb(space, "--remove", form="windows").exit_code == 0 and not path.exists()
    assert calls.read_text(encoding="utf-8").splitlines() == [
        f"/Create|/TN|{name}|/XML|{path}|/F", f"/Delete|/TN|{name}|/F"
    ]  # fmt: skip


# ---- the scheduled run


def out_of_term():
    """Settings by which today is the one day of this school year that lies between its half terms."""
    today = datetime.now(UK).date()
    year = today.year - (today.month < 8)
    start = date(year, 8, 2)
    days = [day for n in range(0, 340, 30) if (day := start + timedelta(days=n)) != today][:6]
    spans = ", ".join(f"[{day}, {day}]" for day in days)
    rules = '[schedule]\nevery = "day"\naugust = true\nonly_in_term = '
    return f"[half_terms]\n{year}{(year + 1) % 100:02} = [{spans}]\n{rules}"


def test_a_scheduled_report_out_of_term_does_nothing_and_one_in_term_sets_to_work(tmp_path):
    space = space_with(tmp_path / "w", out_of_term() + "true\n")
    before = files_below(tmp_path)
    done = CliRunner().invoke(main, ["report", "--workspace", str(space.root), "--scheduled"])
    assert done.exit_code == 0 and files_below(tmp_path) == before
    assert re.fullmatch(r"nothing is done today, .*: it is no day of term \(only_in_term = true.*\)\n", done.stdout)
    asked = CliRunner().invoke(main, ["report", "--workspace", str(space.root)])
    always = space_with(tmp_path / "v", out_of_term() + "false\n")
    set_to_work = CliRunner().invoke(main, ["report", "--workspace", str(always.root), "--scheduled"])
    for told in (asked, set_to_work):  # there are no raw files, which a run finds out at once
        assert told.exit_code == 2 and "nothing is done today" not in told.output and "raw" in told.stderr


def test_a_scheduled_report_without_a_schedule_is_told(tmp_path):
    done = CliRunner().invoke(main, ["report", "--workspace", str(make_workspace(tmp_path)), "--scheduled"])
    assert done.exit_code == 2 and "no section [schedule]" in done.stderr
    with pytest.raises(WorkspaceProblem):
        required_schedule(find_workspace(tmp_path))


def test_the_command_of_the_entry_runs_from_any_folder(tmp_path):
    name = "Süd & 50%" if sys.platform == "win32" else ODD  # Windows has no quotation marks in names
    space = space_with(tmp_path / name, out_of_term() + "true\n")
    elsewhere = tmp_path / "home"
    (elsewhere / "sendlab").mkdir(parents=True)  # a clone's folder, which is no package: `-m` alone would start there
    done = subprocess.run(job_of(space).command, cwd=elsewhere, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith("nothing is done today")
