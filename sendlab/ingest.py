"""Raw folder -> checked, pseudonymised store, with every input row accounted for and a table of what is wrong."""

from dataclasses import asdict, dataclass, field
from typing import Any

import polars as pl

from sendlab import governance, sessions, store
from sendlab.admission import admit_for, refuse_real
from sendlab.coverage import make_coverage
from sendlab.errors import DataProblem
from sendlab.from_sessions import attendance_from_codes, with_registers
from sendlab.pseudonyms import pseudonymise
from sendlab.resolve import Schools, foreign_schools
from sendlab.schema import own
from sendlab.schema.problems import file_problem, no_problems, summarise
from sendlab.schema.tables import TABLES, Table
from sendlab.sources.folder import FileRecord, RawTables, data_files, other_files, read_files
from sendlab.workspace import Workspace

OWN_NAMES = "own_table_names"
OWN_TABLES = "own_tables"  # in the record of ingest: a checksum of the workspace's own declarations, if any
VERSION = 3  # of the store's layout: a change makes old stores stale
IN_ORDER = ("total_row",)  # quarantined, and nothing to put right
PUBLISHED = "published"  # folder of the store: published and other files kept whole, as text
_OF_THE_FILE = ("basis", "totals_disagree", "upn_status", "source_file")  # differ between files without contradiction


@dataclass
class IngestResult:
    """What ingest did: a record a file, merged duplicates by table, problems, and files that could not be read."""

    records: list[FileRecord]
    merged: dict[str, int]
    problems: pl.DataFrame
    not_run: pl.DataFrame
    unread: list[str] = field(default_factory=list)
    unread_files: list[str] = field(default_factory=list)
    unchanged: bool = False

    @property
    def exit_status(self) -> int:
        """0 done, 1 where a file could not be read or rows were quarantined for a fault of theirs."""
        faults = self.problems.filter((pl.col("severity") == "error") & ~pl.col("rule").is_in(IN_ORDER))
        return int(bool(self.unread) or not faults.is_empty())


def ingest(workspace: Workspace, *, force: bool = False) -> IngestResult:
    """Read every raw file into the store. The same files give the same bytes; nothing new, nothing done.

    The store then holds the declared tables (sorted by school, then pupil; UPNs as keyed pseudonyms), `sessions` in
    pieces by school, published files as text, `coverage`, `problems` (place, rule and remedy of each fault, never a
    value), `rules_not_run` and `files` (read, loaded, quarantined).
    """
    key, declared = workspace.key(), own.use(workspace.root)
    governance.require_retention(workspace)
    paths = data_files(workspace.raw)
    if not paths:
        raise DataProblem(workspace.raw.name, ["the raw folder holds no data file"], next_step="put data files in it")
    inputs = {path.relative_to(workspace.raw).as_posix(): store.sha256_of(path) for path in paths}
    mark = {"version": VERSION, "key_id": workspace.key_id, "la_code": workspace.la_code, "inputs": inputs,
            "files": workspace.files, "restricted": workspace.restricted,
            OWN_TABLES: declared.mark_of_tables or None}  # fmt: skip
    old = store.read_manifest(workspace.store, store.INGEST)
    if not force and all(old.get(name) == value for name, value in mark.items()):
        return _earlier(workspace, old)
    raw = read_files(paths, given=workspace.files)
    if not force:
        _keep_what_was_there(raw, old)
    schools = Schools(raw, workspace.la_code)
    refuse_real(workspace, raw, schools.table)
    store.forget_manifest(workspace.store, store.INGEST)  # until the end the store is neither the old one nor the new
    _take_away(workspace, set(old.get(OWN_NAMES, ())) - set(TABLES))
    result = _write(workspace, raw, schools, key)
    store.write_manifest(
        workspace.store,
        store.INGEST,
        {**mark, OWN_NAMES: [*declared.tables], "merged": result.merged, "unread": result.unread,
         "unread_files": result.unread_files},
    )  # fmt: skip
    return result


def _take_away(workspace: Workspace, names: set[str]) -> None:
    """Rows of tables that are declared no more: nothing would age or forget them."""
    for name in sorted(names):
        (workspace.store / f"{name}.parquet").unlink(missing_ok=True)
        governance.store_notes(workspace, name, None)


def raw_is_newer(workspace: Workspace) -> bool:
    """Whether the raw files look as if they were not those of the store: by names and times, without reading them."""
    if not workspace.raw.is_dir():  # taken away after ingest, perhaps
        return False
    written, old = store.written_at(workspace.store, store.INGEST), store.read_manifest(workspace.store, store.INGEST)
    paths = {path.relative_to(workspace.raw).as_posix(): path for path in data_files(workspace.raw)}
    return set(paths) != set(old.get("inputs", {})) or any(path.stat().st_mtime > written for path in paths.values())


def _keep_what_was_there(raw: RawTables, old: dict[str, Any]) -> None:
    """Refuse to lose rows: a file that the store was made from, and that can no longer be read, stops ingest."""
    before = {name.rsplit("/", 1)[-1] for name in old.get("inputs", {})} - set(old.get("unread_files", []))
    lost = [problem for problem in raw.unread if problem.source in before]
    if lost:
        told = [f"{problem.source}: {text}" for problem in lost for text in problem.problems]
        raise DataProblem(
            "files that were read before can no longer be read; the store stays as it was", told,
            next_step="put them right or take them out of the raw folder; --force makes the store without them",
        )  # fmt: skip


def _earlier(workspace: Workspace, old: dict[str, Any]) -> IngestResult:
    records = [FileRecord(**row) for row in store.read_table(workspace.store, "files").to_dicts()]
    problems, not_run = (store.read_table(workspace.store, name) for name in ("problems", "rules_not_run"))
    return IngestResult(records, old["merged"], problems, not_run, old["unread"], old["unread_files"], unchanged=True)


def _write(workspace: Workspace, raw: RawTables, schools: Schools, key: bytes) -> IngestResult:
    """Every table into the store, then the records of what was done."""
    streamed = sessions.load_sessions(
        raw.registers, workspace.store, key=key, schools=schools.known_as, admit=admit_for(workspace),
        leave_out=governance.forgotten_ids(workspace).to_list(),
    )  # fmt: skip
    governance.purge_again(workspace, "sessions")
    merged = {"sessions": streamed.merged}
    found = [raw.all_problems, _in_tables(streamed.problems, "sessions"), _in_tables(other_files(workspace.raw), "")]
    kept: dict[str, pl.DataFrame] = {}
    for name, table in TABLES.items():
        if table.streamed or table.made:
            continue
        rows, problems = _stored_rows(raw.take(name), table, schools, key, workspace)
        if name == "attendance":
            rows = pl.concat([rows, *(attendance_from_codes(rows, piece) for piece in streamed.code_pieces())])
        rows, merged[name] = _without_repeats(rows, table, problems)
        found += [_in_tables(problem, name) for problem in problems]
        if name == "attendance_codes":
            pieces = (governance.without_purged(piece, name, workspace) for piece in streamed.code_pieces())
            store.write_pieces(workspace.store, name, table.polars_schema, with_registers(rows, pieces))
        else:
            _store(workspace, name, rows)
        if name in ("pupils", "attendance", "suspensions"):
            kept[name] = rows
    covered = raw.table("coverage").with_columns(schools.of())
    _store(workspace, "coverage", make_coverage(covered, kept["suspensions"], kept["attendance"]))
    met = pl.concat([kept["pupils"]["school_id"], kept["suspensions"]["school_id"]])
    found.append(_in_tables(foreign_schools(schools.table, met, workspace.la_code), "schools"))
    _store_texts(workspace, raw)
    return _store_records(workspace, raw, streamed, merged, pl.concat(found))


def _stored_rows(
    rows: pl.DataFrame, table: Table, schools: Schools, key: bytes, workspace: Workspace
) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Rows as the store may hold them: keyed, at their school, without what is restricted or forgotten."""
    rows, problems = schools.table if table.name == "schools" else rows, []
    if table.name in ("attendance", "pupils"):
        problems.append(_table_notes(rows, table.name))
    if "school_id" in rows.columns and table.name != "schools":
        rows = rows.with_columns(schools.of())
    if table.pupil_level:
        ids, status = pseudonymise(rows["pupil_id"], key)
        rows = rows.with_columns(ids, *([status] if "upn_status" in rows.columns else []))
    rows = governance.without_purged(governance.without_forgotten(rows, workspace), table.name, workspace)
    ordinary, notes, restricted = governance.split_restricted(rows, table.name, workspace)
    problems.append(restricted)
    governance.store_notes(workspace, table.name, notes)
    return ordinary, problems


def _without_repeats(rows: pl.DataFrame, table: Table, problems: list[pl.DataFrame]) -> tuple[pl.DataFrame, int]:
    """One row a key, the first counting; contradictions are added to the problems."""
    unique = rows.unique(table.key, keep="first", maintain_order=True)
    problems.append(_contradictions(rows, table))
    order = [c for c in ("school_id", "pupil_id", *table.key) if c in unique.columns]
    return unique.sort(*dict.fromkeys(order), nulls_last=True), rows.height - unique.height


def _store(workspace: Workspace, name: str, rows: pl.DataFrame) -> None:
    store.write_table(workspace.store, name, rows)


def _store_texts(workspace: Workspace, raw: RawTables) -> None:
    """Published and unknown files as they stand, a Parquet file each; those of files that are gone are removed."""
    folder = workspace.store / PUBLISHED
    texts = [text for text, _ in raw.texts if not text.rows.is_empty()]
    names = store.short_names([f"{text.source or text.name} {text.sheet}" for text in texts])
    for name, text in zip(names, texts, strict=True):
        store.write_table(folder, name, text.rows)
    for path in folder.glob("*.parquet"):
        if path.stem not in names:
            path.unlink()


def _store_records(workspace: Workspace, raw: RawTables, streamed: sessions.SessionsLoaded, merged: dict[str, int],
                   problems: pl.DataFrame) -> IngestResult:  # fmt: skip
    records = sorted([*raw.records, *streamed.records], key=lambda record: (record.file, record.sheet, record.table))
    _store(workspace, "files", pl.DataFrame([asdict(r) for r in records], schema=_FILE_SCHEMA))
    _store(workspace, "problems", problems)
    rules = [(file, sheet, *rule) for file, sheet, rule in (*raw.not_run, *streamed.not_run)]
    not_run = pl.DataFrame(
        rules, schema=dict.fromkeys(("file", "sheet", "rule", "column", "why"), pl.String), orient="row"
    )
    _store(workspace, "rules_not_run", not_run)
    unread = [*raw.unread, *streamed.unread]
    told, names = [str(problem) for problem in unread], [problem.source for problem in unread]
    return IngestResult(records, merged, problems, not_run, told, names)


_FILE_SCHEMA = {
    name: pl.Int64 if name in ("read", "loaded", "quarantined") else pl.String
    for name in FileRecord.__dataclass_fields__
}


def _in_tables(problems: pl.DataFrame, table: str) -> pl.DataFrame:
    """Problems with the columns that the store keeps beside them."""
    missing = {"table": table, "school_id": ""}
    return problems.with_columns(pl.lit(v).alias(n) for n, v in missing.items() if n not in problems.columns)


def _table_notes(rows: pl.DataFrame, table: str) -> pl.DataFrame:
    """What is said of a table as a whole."""
    if table == "attendance":
        return _table_note(
            table, "totals_disagree", "sessions_authorised", int(rows["totals_disagree"].fill_null(False).sum()),
            "a total of absence is not the sum of its reason rows: one of the two is counted, as `basis` says",
            "correct the return at the school",
        )  # fmt: skip
    unknown = rows.filter(pl.col("on_roll") & pl.col("enrol_status").is_null()).height
    return _table_note(
        table, "enrol_status_blank", "enrol_status", unknown,
        "enrolment status is blank: not known, counted on the roll until it is", "return the enrolment status",
    )  # fmt: skip


def _contradictions(rows: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Rows that say otherwise of the same thing: the first counts, and it is said. A blank contradicts nothing."""
    key = list(table.key)
    repeated = rows.join(rows.filter(rows.select(key).is_duplicated()).select(key).unique(), on=key, how="semi",
                         nulls_equal=True)  # fmt: skip
    others = [name for name in rows.columns if name not in key and name not in _OF_THE_FILE]
    if repeated.is_empty() or not others:
        return no_problems()
    differ = repeated.group_by(key).agg(pl.col(others).drop_nulls().n_unique() > 1)
    count = int(differ.select(pl.any_horizontal(others).sum()).item())
    return _table_note(
        table.name, "rows_contradict", ", ".join(key), count,
        "repeated rows of one key disagree: the first counts", "correct the files so that they agree",
    )  # fmt: skip


def _table_note(table: str, rule: str, column: str, count: int, message: str, remedy: str) -> pl.DataFrame:
    if not count:
        return no_problems()
    return file_problem(file=f"table {table}", rule=rule, severity="warning", count=count, column=column,
                        message=message, remedy=remedy)  # fmt: skip


def quality_summary(result: IngestResult) -> pl.DataFrame:
    """Problems by file, column and rule: worst first, with what to do."""
    return summarise(result.problems)
