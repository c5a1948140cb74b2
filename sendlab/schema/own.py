"""What a workspace adds of its own in its folder `measures/`: read as data, and whose is in use in this process.

A process works for one workspace at a time. Whoever reads, builds or opens a workspace puts its measures in use; the
lists that hold the package's own (cards, published tables, declared tables) then hold the workspace's too. The Python
files are only marked here: `sendlab.measures.own` runs them, where figures are made.
"""

import hashlib
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sendlab.errors import WorkspaceProblem
from sendlab.schema.own_tables import FOLDER as FOLDER
from sendlab.schema.own_tables import GUIDE, fault, own_table
from sendlab.schema.tables import TABLES, Table

CODE, CARD = ".py", ".toml"
LIST = "publication.toml"  # beside sendlab.toml: what the workspace publishes besides the package's declared tables
_NAME = re.compile(r"[a-z][a-z0-9_]{2,49}")
Declared = Mapping[str, Any]
Stamps = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class OwnMeasures:
    """The folder of one workspace: what its cards say, its tables, and a checksum of each measure and of all."""

    folder: Path | None = None
    cards: Mapping[str, Declared] = field(default_factory=dict)  # measure -> card as it is written
    tables: Mapping[str, Table] = field(default_factory=dict)
    marks: Mapping[str, str] = field(default_factory=dict)  # measure or table -> checksum of its files
    stamps: Stamps = ()
    published: tuple[Declared, ...] = ()  # tables of its own publication.toml, as they are written
    list_stamps: Stamps = ()  # of that file
    list_mark: str = ""  # and its checksum

    @property
    def mark(self) -> str:
        """A checksum of everything; "" where the workspace has nothing of its own."""
        marks = {**self.marks, **({LIST: self.list_mark} if self.list_mark else {})}
        return _digest(*(f"{name} {mark}".encode() for name, mark in sorted(marks.items()))) if marks else ""

    @property
    def mark_of_tables(self) -> str:
        """The same of the tables alone, by which ingest knows that it has something else to read."""
        marks = {name: self.marks[name] for name in self.tables}
        return _digest(*(f"{name} {mark}".encode() for name, mark in sorted(marks.items()))) if marks else ""

    def code_of(self, measure: str) -> Path:
        """The Python file of a measure."""
        assert self.folder is not None
        return self.folder / f"{measure}{CODE}"


NOTHING = OwnMeasures()
_state = {"in use": NOTHING}
_kept: list[Callable[[], None]] = []


class _Cached(Protocol):
    def cache_clear(self) -> None: ...


C = TypeVar("C", bound=_Cached)


def of_workspace(cached: C) -> C:
    """For a cached function whose answer depends on a workspace's measures: emptied when others come into use."""
    _kept.append(cached.cache_clear)
    return cached


def in_use() -> OwnMeasures:
    """The measures of the workspace that this process works for."""
    return _state["in use"]


def use(root: Path | None) -> OwnMeasures:
    """Read the measures of the workspace whose sendlab.toml lies in `root`, and put them in use; None: nobody's.

    What is in use already, and unchanged, is not read again. Errors: WorkspaceProblem that names file and fault; then
    nobody's are in use.
    """
    folder = None if root is None else root / FOLDER
    stamps, listed = (_stamps(folder), _list_stamps(folder)) if folder is not None else ((), ())
    now = in_use()
    if folder is None or not (stamps or listed):
        return again(NOTHING)
    if now.folder == folder and (now.stamps, now.list_stamps) == (stamps, listed):
        return now
    again(NOTHING)
    return again(_listed(_read(folder, stamps), listed))


def again(measures: OwnMeasures) -> OwnMeasures:
    """Put in use what was read before, as it was then."""
    now = in_use()
    if measures is not now:
        for name in now.tables:
            TABLES.pop(name, None)
        TABLES.update(measures.tables)
        _state["in use"] = measures
        for clear in _kept:
            clear()
    return measures


def _stamps(folder: Path) -> Stamps:
    """Name, size and time of the files that count; none where there is no such folder."""
    if not folder.is_dir():
        return ()
    found = sorted(path for path in folder.iterdir() if path.suffix in (CODE, CARD) and path.is_file())
    return tuple((path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in found)


def _list_stamps(folder: Path) -> Stamps:
    """Name, size and time of the workspace's own list of published tables, which lies beside the folder."""
    path = folder.parent / LIST
    return ((LIST, path.stat().st_size, path.stat().st_mtime_ns),) if path.is_file() else ()


def _listed(mine: OwnMeasures, stamps: Stamps) -> OwnMeasures:
    """With the tables of the workspace's own list, as they are written; `metrics.own_list` checks them."""
    if not stamps or mine.folder is None:
        return mine
    path = mine.folder.parent / LIST
    given = _toml(path, LIST).get("table", [])
    if not (isinstance(given, list) and all(isinstance(one, dict) for one in given)):
        raise WorkspaceProblem(f"{LIST}: 'table' is no list of tables", next_step="begin each with a line [[table]]")
    return replace(mine, published=tuple(given), list_stamps=stamps, list_mark=_digest(_bytes(path)))


def _read(folder: Path, stamps: Stamps) -> OwnMeasures:
    names = [name for name, _, _ in stamps]
    declared = {Path(name).stem: _toml(folder / name) for name in names if name.endswith(CARD)}
    for name in names:
        _require_name(name)
        if name.endswith(CODE) and "columns" in declared.get(Path(name).stem, {"columns": ()}):
            raise fault(name, "no card says what this function measures",
                        f"write its card into {FOLDER}/{Path(name).stem}{CARD}; how: {GUIDE}")  # fmt: skip
    tables = {name: own_table(name, given) for name, given in declared.items() if "columns" in given}
    cards = {name: given for name, given in declared.items() if name not in tables}
    for name in cards:
        if f"{name}{CODE}" not in names:
            raise fault(
                f"{name}{CARD}", f"there is no function for it: {FOLDER}/{name}{CODE} is missing",
                f"write a function '{name}' into that, or [[columns]] here if it is a table: {GUIDE}",
            )  # fmt: skip
    marks = {name: _digest(*(_bytes(folder / f"{name}{end}") for end in (CARD, CODE))) for name in declared}
    return OwnMeasures(folder, cards, tables, marks, stamps)


def _require_name(file: str) -> None:
    if not _NAME.fullmatch(Path(file).stem):
        raise fault(file, "its name is none that a measure or table can have",
                    "use 3 to 50 small letters, digits and _, a letter first, such as breakfast_club.toml")  # fmt: skip


def _toml(path: Path, beside: str = "") -> Declared:
    """A TOML file of the folder, or with `beside` one that lies beside it."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        what, step = "it is not saved as UTF-8", "save it as UTF-8 text"
    except tomllib.TOMLDecodeError as problem:
        what, step = f"it cannot be read: {problem}", "correct that line"
    raise WorkspaceProblem(f"{beside}: {what}", next_step=step) if beside else fault(path.name, what, step)


def _bytes(path: Path) -> bytes:
    return path.read_bytes().replace(b"\r\n", b"\n") if path.is_file() else b""


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
