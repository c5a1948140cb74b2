"""Session registers -> checked, pseudonymised Parquet files by school, with bounded memory however long they are.

Rows stream through: each piece is checked, its UPNs and schools become numbers, and its rows go to one of PARTS parts
by a hash of their school. Then each part alone is freed of repeats, sorted and written. The same rows give the same
bytes, in whatever order and in however many files they come (save where rows of one key contradict each other).
"""

import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl

from sendlab.coverage import term_of_date
from sendlab.errors import DataProblem, WorkspaceProblem
from sendlab.schema.problems import join_problems, no_problems
from sendlab.sessions.buckets import Parts, write_buckets
from sendlab.sessions.ids import Ids, school_hash
from sendlab.sessions.log import Log
from sendlab.sources.folder import FileRecord
from sendlab.sources.reading import NotRun, as_declared
from sendlab.sources.register_pieces import HELD, Piece, pieces
from sendlab.sources.registers import FORMAT, RegisterFile
from sendlab.sources.session_rules import QUARANTINED, spelt, typed
from sendlab.store import SESSIONS, session_files


@dataclass
class SessionsLoaded:
    """What loading did: a record a file, problems, repeats merged, schools met, files that could not be read."""

    records: list[FileRecord] = field(default_factory=list)
    problems: pl.DataFrame = field(default_factory=no_problems)
    merged: int = 0
    schools: list[str] = field(default_factory=list)
    unread: list[DataProblem] = field(default_factory=list)
    not_run: list[tuple[str, str, NotRun]] = field(default_factory=list)  # every rule can be tried on every register
    write_out: Callable[[], Iterator[pl.DataFrame]] = lambda: iter(())

    def code_pieces(self) -> Iterator[pl.DataFrame]:
        """Sessions by pupil, school, term and code, as `attendance_codes`, some whole schools at a time, in order.

        Sessions without a mark are not in it. Made anew each time: held in numbers, the rows of a whole authority
        take a tenth of the room.
        """
        return self.write_out()

    @property
    def codes_frame(self) -> pl.DataFrame:
        """All of `code_pieces` at once."""
        return pl.concat([as_declared(pl.DataFrame(), "attendance_codes"), *self.code_pieces()])


def load_sessions(
    files: Sequence[RegisterFile], folder: Path, *, key: bytes, schools: Mapping[str, str],
    leave_out: Collection[str] = (), admit: Callable[[pl.Series, pl.Series], None] | None = None,
    term_of: Callable[[date], str] = term_of_date, held: int = HELD,
) -> SessionsLoaded:  # fmt: skip
    """Registers into `folder`/sessions, one row a pupil, school, date and session, sorted so; what was there goes.

    `schools`: {id or URN in a file: id in the store}; others stay. `leave_out`: pseudonyms of pupils who were
    forgotten. `admit` sees UPNs and school ids the first time that they are met, and may raise. A file that cannot be
    read to its end leaves no row, and is in `unread`.
    """
    target = folder / SESSIONS
    target.mkdir(parents=True, exist_ok=True)
    for left in target.glob(".parts-*"):  # by a run that was interrupted
        shutil.rmtree(left, ignore_errors=True)
    done = SessionsLoaded()
    ids = Ids(key, schools, admit or (lambda upns, ids: None))
    with tempfile.TemporaryDirectory(prefix=".parts-", dir=target, ignore_cleanup_errors=True) as under_way:
        problems = [_read(file, Path(under_way) / f"{place:04d}", ids, done, held) for place, file in enumerate(files)]
        loaded = sum(record.loaded for record in done.records)
        written = write_buckets(Path(under_way), target, ids, loaded, leave_out, term_of)
    done.merged, done.write_out = written.merged, written.code_pieces
    done.problems, done.schools = join_problems([*problems, written.problems]), sorted(ids.school_ids)
    return done


def scan_sessions(folder: Path, school_id: str | None = None) -> pl.LazyFrame:
    """The table `sessions` of the store, lazily: of one school (from one file, by its row groups) or of all.

    Columns: pupil_id, school_id, session_date, session and attendance_code (both Enum; a missing mark is null).
    """
    buckets = session_files(folder)
    if not buckets:
        raise WorkspaceProblem("the store holds no table 'sessions'", next_step="run 'sendlab ingest'")
    if school_id is None:
        return pl.scan_parquet(buckets)
    return pl.scan_parquet(buckets[school_hash(school_id) % len(buckets)]).filter(pl.col("school_id") == school_id)


def _read(file: RegisterFile, folder: Path, ids: Ids, done: SessionsLoaded, held: int) -> pl.DataFrame:
    """One file into its parts; gives its problems. A DataProblem on the way takes back all that it gave."""
    folder.mkdir()
    log, read, quarantined, encodings = Log(file), 0, 0, set[str]()
    try:
        with Parts(folder) as parts:
            for piece in pieces(file, held=held):
                faulty, bad = _take(piece, ids, log, parts)
                read += piece.rows.height + faulty
                quarantined += faulty + bad
                encodings.add(piece.encoding)
    except DataProblem as problem:
        shutil.rmtree(folder, ignore_errors=True)
        done.unread.append(problem)
        return no_problems()
    known_from = "rows" if "school_id" in file.shape.columns else "school from sendlab.toml"
    done.records.append(
        FileRecord(file.path.name, FORMAT, "sessions", file.sheet, read, read - quarantined, quarantined, known_from,
                   " and ".join(sorted(encodings)))
    )  # fmt: skip
    return log.problems()


def _take(piece: Piece, ids: Ids, log: Log, parts: Parts) -> tuple[int, int]:
    """Check a piece and write its sound rows; gives how many lines could not be taken apart, and rows quarantined."""
    ids.learn(piece.rows)
    rows = typed(spelt(piece.rows), ids.pupils, ids.schools)
    log.add(piece.faults)
    log.judge(rows)
    sound = rows.filter(~QUARANTINED)
    parts.write(sound, ids.school_ids)
    return int((piece.faults["severity"] == "error").sum()), rows.height - sound.height
