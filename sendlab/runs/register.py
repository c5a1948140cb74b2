"""The register of reports: how each was made last, so that a run makes again only what would come out otherwise.

A line of JSON a report, appended as soon as the report is in place: a run that is killed goes on where it stopped. A
report is up to date while notebook, parameters, program and the figures that it shows are the same and its files are
those that were written.
"""

import hashlib
import json
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sendlab import store
from sendlab.disclosure.shown import Key, Present
from sendlab.runs.outcome import Outcome, notebook_file, report_file
from sendlab.runs.plan import OWN, RECORDS, Task
from sendlab.schema import own

REGISTER = "made.jsonl"
PROGRAM_PACKAGES = ("altair", "nbconvert", "papermill", "polars", "sendlab", "vl-convert-python")
NOT_IN_PLACE = "beside"  # instead of a key: the file was open in another program, and an older one has its place
File = tuple[int, int, str]  # size, time of the last change in nanoseconds, sha256


@dataclass(frozen=True)
class Made:
    """How a report was made: its run, a checksum of what decides it, what it shows, its files; or how it failed."""

    report: str  # its path within the reports, without a suffix
    run: str
    key: str = ""
    shown: tuple[Key, ...] = ()
    mark: str = ""
    files: dict[str, File] = field(default_factory=dict)
    error: str = ""


class Register:
    """All reports made so far, by their path within the folder of reports."""

    def __init__(self, reports: Path) -> None:
        self._reports, self._file = reports, reports / RECORDS / REGISTER
        self.made: dict[str, Made] = {}
        lines = self._file.read_text(encoding="utf-8").splitlines() if self._file.is_file() else []
        self._lines = len(lines)  # torn ones and those that were overtaken among them
        for line in lines:
            if (made := _read(line)) is not None:
                self.made[made.report] = made

    def of(self, task: Task) -> Made | None:
        """How the report of a task was made last."""
        return self.made.get(self.name(task.output))

    def name(self, output: Path) -> str:
        """A report's path within the reports, as `202526/board/900101/attendance`."""
        return output.relative_to(self._reports.resolve()).as_posix()

    def tell(self, task: Task, outcome: Outcome, run: str, present: Present) -> None:
        """Note how a report came out: its files and marks, or its error."""
        if outcome.error:
            self.add(Made(self.name(task.output), run, error=outcome.error))
            return
        mark = present.mark(outcome.shown, _school(task))
        in_place = not outcome.note
        files = stamps((report_file(task), notebook_file(task))) if in_place else {}
        key = key_of(task) if in_place else NOT_IN_PLACE
        self.add(Made(self.name(task.output), run, key, outcome.shown, mark, files))

    def add(self, made: Made) -> None:
        """Append a line, whole: a torn one is passed over when the register is read."""
        self.made[made.report] = made
        self._lines += 1
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("a", encoding="utf-8", newline="\n") as file:
            file.write("\n" * _is_torn(self._file) + json.dumps(asdict(made), ensure_ascii=False) + "\n")

    def tidy(self) -> None:
        """One line a report, written aside and put in place; a register that has them already is left alone."""
        if self._lines != len(self.made):
            aside = self._file.with_suffix(".part")
            lines = (json.dumps(asdict(made), ensure_ascii=False) + "\n" for made in self.made.values())
            aside.write_text("".join(lines), encoding="utf-8", newline="\n")
            aside.replace(self._file)


def why_stale(task: Task, register: Register, present: Present, *, verify: bool = False) -> str:
    """Why a report is to be made again, in a few words; "" where it is up to date. `verify` reads its files again."""
    made = register.of(task)
    if made is None:
        return "never made"
    if made.error:
        return "failed last time"
    if made.key == NOT_IN_PLACE:
        return "open in another program last time"
    if made.key != key_of(task):
        return "notebook, parameters or program changed"
    if made.mark != present.mark(made.shown, _school(task)):
        return "figures that it shows changed"
    return files_changed(task.output.parent, made, verify=verify)


def files_changed(folder: Path, made: Made, *, verify: bool) -> str:
    """Whether files that were made are no longer there as they were written."""
    for name, (size, changed, digest) in made.files.items():
        path = folder / name
        if not path.is_file():
            return "its file is gone"
        now = path.stat()
        if (now.st_size, now.st_mtime_ns) != (size, changed) or (verify and store.sha256_of(path) != digest):
            return "its file was changed"
    return ""


def key_of(task: Task) -> str:
    """A checksum of what decides a report beside the figures: notebook, parameters, heads, program, own measures."""
    now = task.notebook.stat()
    notebook = _notebook_mark(task.notebook, now.st_size, now.st_mtime_ns)
    told = {"notebook": notebook, "parameters": dict(task.parameters), "title": task.title,
            "settings": task.settings, "program": program_mark()}  # fmt: skip
    if mine := own.in_use().mark:  # the words of own cards stand in reports too
        told["measures"] = mine
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode("utf-8")).hexdigest()


def package_versions() -> dict[str, str]:
    """Versions of the packages that reports are made with."""
    return {name: version(name) for name in PROGRAM_PACKAGES}


@cache
def program_mark() -> str:
    """A checksum of the whole package, Python and the packages that reports are made with."""
    root = Path(__file__).parent.parent
    digest = hashlib.sha256(platform.python_version().encode())
    digest.update(json.dumps(package_versions()).encode())
    for path in sorted(root.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()


@cache
def _notebook_mark(notebook: Path, size: int, changed: int) -> str:
    """A notebook's checksum, read again where its size or time is another."""
    return store.sha256_of(notebook)


def stamps(paths: Iterable[Path], folder: Path | None = None) -> dict[str, File]:
    """Size, time of the last change and checksum of files, by name, or by their path within a folder."""
    return {path.relative_to(folder).as_posix() if folder else path.name: _stamp(path) for path in paths}


def _stamp(path: Path) -> File:
    now = path.stat()
    return now.st_size, now.st_mtime_ns, store.sha256_of(path)


def _school(task: Task) -> str:
    """The school whose own edition a report is."""
    return task.place_code if task.audience == OWN else ""


def _read(line: str) -> Made | None:
    """A line of the register; None where a run was killed while it wrote it."""
    try:
        fields: dict[str, Any] = json.loads(line)
        shown = tuple((str(measure), str(place)) for measure, place in fields["shown"])
        return Made(**{**fields, "shown": shown, "files": {n: tuple(f) for n, f in fields["files"].items()}})
    except (ValueError, KeyError, TypeError):
        return None


def _is_torn(file: Path) -> bool:
    """Whether the file ends within a line."""
    if not file.is_file() or not (size := file.stat().st_size):
        return False
    with file.open("rb") as handle:
        handle.seek(size - 1)
        return handle.read(1) != b"\n"
