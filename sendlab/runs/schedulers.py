"""Handing an entry to this computer's scheduler, and taking it back: crontab, systemctl, schtasks."""

import os
import shutil
import subprocess
from datetime import datetime
from pathlib import Path

from sendlab.errors import RunProblem
from sendlab.runs.entries import Job, cron_lines, service_text, task_xml, timer_text

TASK_FILE = "schedule.xml"  # in the workspace's store
SECONDS = 60.0
EMPTY_TABLE = ("no crontab", "no such file")  # what 'crontab -l' says of an account without one


def unit_folder() -> Path:
    """Where the systemd units of this account lie."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd" / "user"


def install(form: str, job: Job, *, store: Path, first: datetime) -> str:
    """Hand the entry to the scheduler `form`, in place of an earlier one; returns what was done.

    `form` is cron, systemd or windows; `store` is the workspace's, for the XML; `first` the first run. Where the
    scheduler's tool is absent or refuses: `RunProblem` with what to do by hand.
    """
    if form == "cron":
        return _install_cron(job)
    return _install_systemd(job) if form == "systemd" else _install_task(job, store, first)


def remove(form: str, name: str, *, store: Path) -> str:
    """Take the entry called `name` back from the scheduler; returns what was done. Errors as with `install`."""
    if form == "cron":
        return _remove_cron(name)
    return _remove_systemd(name) if form == "systemd" else _remove_task(name, store)


# ---- cron


def _install_cron(job: Job) -> str:
    by_hand = "put the lines shown above into the table that 'crontab -e' opens"
    tool = _tool("crontab", by_hand)
    table = _read_table(tool, by_hand)
    changed = with_lines(table, job.name, cron_lines(job))
    if changed == table:
        return "it is in this account's crontab already: nothing was changed"
    _call([tool, "-"], by_hand, given=changed)
    return "installed in this account's crontab; all other lines are as they were"


def _remove_cron(name: str) -> str:
    by_hand = f"take out the lines from '# {name} begin' to '# {name} end' with 'crontab -e'"
    tool = _tool("crontab", by_hand)
    table = _read_table(tool, by_hand)
    changed = with_lines(table, name, "")
    if changed == table:
        return "this account's crontab has no entry of this workspace: nothing was changed"
    _call([tool, "-"], by_hand, given=changed)
    return "taken out of this account's crontab; all other lines are as they were"


def with_lines(table: str, name: str, lines: str) -> str:
    """A crontab with these lines in place of those between the marks of `name`, else at its end.

    Each of `lines` has its line break. One mark without the other is a `RunProblem`: what lies between cannot be
    told from other people's lines.

    >>> with_lines("MAILTO=me\\n# a begin\\nold\\n# a end\\n1 2 * * * rest\\n", "a", "new\\n")
    'MAILTO=me\\nnew\\n1 2 * * * rest\\n'
    """
    rows = table.split("\n")  # not splitlines: it knows signs as line breaks that cron does not
    begins = [n for n, row in enumerate(rows) if row.startswith(f"# {name} begin")]
    ends = [n for n, row in enumerate(rows) if row.startswith(f"# {name} end")]
    if not begins and not ends:
        return f"{table}\n{lines}" if lines and table and not table.endswith("\n") else table + lines
    if len(begins) != 1 or len(ends) != 1 or begins > ends:
        raise RunProblem(
            f"the crontab has not one '# {name} begin' and one '# {name} end' after it",
            next_step="put that right with 'crontab -e', then try again",
        )
    return "\n".join([*rows[: begins[0]], *lines.split("\n")[:-1], *rows[ends[0] + 1 :]])


def _read_table(tool: str, by_hand: str) -> str:
    """This account's crontab. Any other fault than 'there is none' stops: a table not read would be overwritten."""
    done = _run([tool, "-l"], by_hand)
    said = done.stderr.decode(errors="replace")
    if done.returncode and any(words in said.lower() for words in EMPTY_TABLE):
        return ""
    _accepted(done, by_hand)
    return done.stdout.decode("utf-8", "surrogateescape")  # lines in other encodings go back as they came


# ---- systemd


def _install_systemd(job: Job) -> str:
    folder = unit_folder()
    by_hand = f"save the two texts in {folder}, then: systemctl --user enable --now {job.name}.timer"
    tool, texts = _tool("systemctl", by_hand), {"service": service_text(job), "timer": timer_text(job)}
    folder.mkdir(parents=True, exist_ok=True)
    for kind, text in texts.items():
        (folder / f"{job.name}.{kind}").write_text(text, encoding="utf-8", newline="\n")
    _call([tool, "--user", "daemon-reload"], by_hand)
    _call([tool, "--user", "enable", "--now", f"{job.name}.timer"], by_hand)
    return f"installed in {folder}, and the timer is on"


def _remove_systemd(name: str) -> str:
    units = [unit_folder() / f"{name}.{kind}" for kind in ("timer", "service")]
    by_hand = f"systemctl --user disable --now {name}.timer, then delete {units[0]} and {units[1].name}"
    if not any(unit.exists() for unit in units):
        return f"{unit_folder()} has no entry of this workspace: nothing was changed"
    tool = _tool("systemctl", by_hand)
    _call([tool, "--user", "disable", "--now", f"{name}.timer"], by_hand)
    for unit in units:
        unit.unlink(missing_ok=True)
    _call([tool, "--user", "daemon-reload"], by_hand)
    return "the timer is off, and its two files are deleted"


# ---- Task Scheduler


def _install_task(job: Job, store: Path, first: datetime) -> str:
    path = store / TASK_FILE
    by_hand = f'save the text as {path} (UTF-16), then: schtasks /Create /TN {job.name} /XML "{path}" /F'
    text = task_xml(job, first)
    tool = _tool("schtasks", by_hand)
    store.mkdir(parents=True, exist_ok=True)
    path.write_bytes(("\ufeff" + text.replace("\n", "\r\n")).encode("utf-16-le"))  # as schtasks itself writes it
    _call([tool, "/Create", "/TN", job.name, "/XML", str(path), "/F"], by_hand)
    return f"installed in Task Scheduler as {job.name}"


def _remove_task(name: str, store: Path) -> str:
    by_hand = f"delete the task {name} in Task Scheduler"
    _call([_tool("schtasks", by_hand), "/Delete", "/TN", name, "/F"], by_hand)
    (store / TASK_FILE).unlink(missing_ok=True)
    return f"the task {name} is deleted"


# ---- the tools


def _tool(name: str, by_hand: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise RunProblem(f"this computer has no '{name}', so nothing was changed", next_step=f"by hand: {by_hand}")
    return found


def _call(command: list[str], by_hand: str, *, given: str = "") -> None:
    _accepted(_run(command, by_hand, given=given.encode("utf-8", "surrogateescape")), by_hand)


def _run(command: list[str], by_hand: str, *, given: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    """The tool, without a shell and in English, so that what it says can be read."""
    try:
        return subprocess.run(
            command, input=given, capture_output=True, timeout=SECONDS, env={**os.environ, "LC_ALL": "C"}
        )
    except (OSError, subprocess.TimeoutExpired) as fault:
        raise RunProblem(
            f"{Path(command[0]).name} could not be run ({type(fault).__name__})", next_step=f"by hand: {by_hand}"
        ) from None


def _accepted(done: "subprocess.CompletedProcess[bytes]", by_hand: str) -> None:
    if done.returncode:
        said = (done.stderr or done.stdout).decode(errors="replace").strip() or f"exit status {done.returncode}"
        raise RunProblem(f"{Path(done.args[0]).name} refused: {said}", next_step=f"by hand: {by_hand}")
