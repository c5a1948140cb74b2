"""Raw folder -> checked, pseudonymised store, with every input row accounted for and a table of what is wrong."""

from dataclasses import asdict, dataclass, field
from typing import Any

import polars as pl

from sendlab import store
from sendlab.errors import DataProblem, WorkspaceProblem
from sendlab.pseudonyms import SAMPLE_AUTHORITIES, pseudonymise
from sendlab.schema.problems import file_problem, join_problems, summarise
from sendlab.schema.tables import TABLES
from sendlab.sources.folder import FileRecord, RawTables, data_files, read_files
from sendlab.workspace import Workspace

VERSION = 1  # of the store's layout: a change makes old stores stale
STEP = "ingest"


@dataclass
class IngestResult:
    """What ingest did: a record a file, merged duplicates by table, problems, and files that could not be read."""

    records: list[FileRecord]
    merged: dict[str, int]
    problems: pl.DataFrame
    unread: list[str] = field(default_factory=list)
    unchanged: bool = False

    @property
    def exit_status(self) -> int:
        """0 done, 1 where a file could not be read or rows were quarantined."""
        return int(bool(self.unread) or any(record.quarantined for record in self.records))


def ingest(workspace: Workspace, *, force: bool = False) -> IngestResult:
    """Read every raw file into the store. The same files give the same bytes; nothing new, nothing done.

    The store then holds the declared tables (sorted by school, then pupil; UPNs as keyed pseudonyms), `problems`
    (place, rule and remedy of each fault, never a value) and `files` (read, loaded, quarantined).
    """
    key = workspace.key()
    paths = data_files(workspace.raw)
    if not paths:
        raise DataProblem(workspace.raw.name, ["the raw folder holds no data file"], next_step="put CSV files in it")
    inputs = {path.relative_to(workspace.raw).as_posix(): store.sha256_of(path) for path in paths}
    mark = {"version": VERSION, "key_id": workspace.key_id, "la_code": workspace.la_code, "inputs": inputs,
            "files": workspace.files}  # fmt: skip
    old = store.read_manifest(workspace.store, STEP)
    if not force and all(old.get(name) == value for name, value in mark.items()):
        return _earlier(workspace, old)
    raw = read_files(paths, given=workspace.files)
    result = _write(workspace, raw, key)
    store.write_manifest(workspace.store, STEP, {**mark, "merged": result.merged, "unread": result.unread})
    return result


def _earlier(workspace: Workspace, old: dict[str, Any]) -> IngestResult:
    records = [FileRecord(**row) for row in store.read_table(workspace.store, "files").to_dicts()]
    problems = store.read_table(workspace.store, "problems")
    return IngestResult(records, old["merged"], problems, old["unread"], unchanged=True)


def _write(workspace: Workspace, raw: RawTables, key: bytes) -> IngestResult:
    schools = _schools(raw, workspace)
    _refuse_real_pupils_under_the_sample_key(workspace, schools, raw)
    problems, merged = list(raw.problems), {}
    for name, table in TABLES.items():
        rows = schools if name == "schools" else raw.table(name)
        if table.pupil_level:
            rows, found = _pseudonymised(rows, key, name)
            problems.append(found)
        if "school_id" in rows.columns:
            rows = rows.with_columns(_known_school(schools))
        unique = rows.unique(table.key, keep="first", maintain_order=True)
        merged[name] = rows.height - unique.height
        problems.append(_contradictions(rows, unique, name))
        order = [c for c in ("school_id", "pupil_id", *table.key) if c in unique.columns]
        store.write_table(workspace.store, name, unique.sort(*dict.fromkeys(order), nulls_last=True))
    found = join_problems([*problems, _disagreements(raw), _unknown_enrolment(raw), _foreign(schools, workspace)])
    store.write_table(workspace.store, "problems", found)
    records = sorted(raw.records, key=lambda record: record.file)
    store.write_table(workspace.store, "files", pl.DataFrame([asdict(record) for record in records]))
    return IngestResult(records, merged, found, [str(problem) for problem in raw.unread])


def _pseudonymised(rows: pl.DataFrame, key: bytes, table: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    ids, status = pseudonymise(rows["pupil_id"], key)
    rows = rows.with_columns(ids)
    if "upn_status" in rows.columns:
        rows = rows.with_columns(status)
    found = [
        file_problem(
            file=f"table {table}", rule=f"upn_{kind}", severity="warning", count=int((status == kind).sum()),
            column="pupil_id", message=words, remedy="correct the UPN in the school's system",
        )
        for kind, words in (
            ("invalid", "the UPN's check letter does not fit: kept, flagged"),
            ("blank", "no UPN: the row links to nothing outside its file"),
        )
        if (status == kind).any()
    ]  # fmt: skip
    return rows, join_problems(found)


def _disagreements(raw: RawTables) -> pl.DataFrame:
    """Totals of absence that are not the sum of their reason rows: the total counts, and it is said."""
    count = int(raw.table("attendance")["totals_disagree"].fill_null(False).sum())
    return _table_note(
        "attendance", "totals_disagree", "sessions_authorised", count,
        "a total of absence is not the sum of its reason rows: the total counts", "correct the return at the school",
    )  # fmt: skip


def _unknown_enrolment(raw: RawTables) -> pl.DataFrame:
    """Pupils on roll whose enrolment status is blank: counted, for blank is unknown and not subsidiary."""
    rows = raw.table("pupils").filter(pl.col("on_roll") & pl.col("enrol_status").is_null())
    return _table_note(
        "pupils", "enrol_status_blank", "enrol_status", rows.height,
        "enrolment status is blank: not known, counted on the roll until it is", "return the enrolment status",
    )  # fmt: skip


def _contradictions(rows: pl.DataFrame, unique: pl.DataFrame, table: str) -> pl.DataFrame:
    """Rows that say otherwise of the same thing: the first counts, and it is said. A blank contradicts nothing."""
    key = list(TABLES[table].key)
    repeated = rows.join(rows.filter(rows.select(key).is_duplicated()).select(key).unique(), on=key, how="semi")
    others = [name for name in rows.columns if name not in key and name not in _OF_THE_FILE]
    if repeated.is_empty() or not others:
        return join_problems([])
    differ = repeated.group_by(key).agg(pl.col(others).drop_nulls().n_unique() > 1)
    count = int(differ.select(pl.any_horizontal(others).sum()).item())
    return _table_note(
        table, "rows_contradict", ", ".join(key), count,
        "repeated rows of one key disagree: the first counts",
        "correct the files so that they agree",
    )  # fmt: skip


_OF_THE_FILE = ("basis", "totals_disagree", "upn_status", "source_file")  # differ between files without a contradiction


def _foreign(schools: pl.DataFrame, workspace: Workspace) -> pl.DataFrame:
    """Schools whose number is that of another authority: they count as ours until their files are taken out."""
    count = schools.filter(pl.col("la_code") != workspace.la_code).height
    return _table_note(
        "schools", "other_authority", "la_code", count,
        f"schools of another authority than {workspace.la_code}: counted with ours",
        "take their files out of the raw folder",
    )  # fmt: skip


def _table_note(table: str, rule: str, column: str, count: int, message: str, remedy: str) -> pl.DataFrame:
    if not count:
        return join_problems([])
    return file_problem(file=f"table {table}", rule=rule, severity="warning", count=count, column=column,
                        message=message, remedy=remedy)  # fmt: skip


def _plain_id(name: str = "school_id") -> pl.Expr:
    """A school id without '.0', and a LAESTAB without its stroke or dash."""
    text = pl.col(name).str.strip_suffix(".0")
    joined = text.str.replace_all(r"[/-]", "")
    return pl.when(joined.str.contains(r"^\d{7}$")).then(joined).otherwise(text)


def _schools(raw: RawTables, workspace: Workspace) -> pl.DataFrame:
    """All schools met: those described, latest description first, and unknown ones as places without a phase."""
    described = raw.table("schools").with_columns(_plain_id().alias("school_id")).reverse()
    known = described.group_by("school_id", maintain_order=True).agg(pl.all().drop_nulls().first())
    urns = known["school_urn"].drop_nulls().to_list()
    met = [raw.table(n).select(_plain_id().alias("school_id")) for n, t in TABLES.items() if t.pupil_level]
    unknown = pl.concat(met).unique().filter(~pl.col("school_id").is_in(known["school_id"].implode()))
    unknown = unknown.filter(~pl.col("school_id").is_in(urns)).with_columns(pl.col("school_id").alias("school_name"))
    schools = pl.concat([known, unknown], how="diagonal").select(list(TABLES["schools"].polars_schema))
    from_id = pl.when(pl.col("school_id").str.contains(r"^\d{7}$")).then(pl.col("school_id").str.slice(0, 3))
    return schools.with_columns(pl.coalesce("la_code", from_id, pl.lit(workspace.la_code)).alias("la_code"))


def _known_school(schools: pl.DataFrame) -> pl.Expr:
    """The school's LAESTAB where a file gives its URN."""
    by_urn = schools.filter(pl.col("school_urn").is_not_null())
    urns = dict(zip(by_urn["school_urn"], by_urn["school_id"], strict=True))
    return _plain_id().replace(urns).alias("school_id")


def _refuse_real_pupils_under_the_sample_key(workspace: Workspace, schools: pl.DataFrame, raw: RawTables) -> None:
    """The sample key protects nobody: no school and no UPN of a real authority may come near it."""
    if not workspace.is_sample:
        return
    others = schools.filter(~pl.col("la_code").is_in(SAMPLE_AUTHORITIES) | pl.col("school_id").str.contains(r"^\d{6}$"))
    upns = pl.concat([raw.table(name).select("pupil_id") for name, table in TABLES.items() if table.pupil_level])
    real = upns.filter(
        pl.col("pupil_id").str.contains(r"^\s*[A-Za-z]\d{11}[\dA-Za-z]\s*$")
        & ~pl.col("pupil_id").str.strip_chars().str.slice(1, 3).is_in(SAMPLE_AUTHORITIES)
    )
    if not (others.is_empty() and real.is_empty()):
        raise WorkspaceProblem(
            "the raw folder holds schools or UPNs that may be of a real authority, and the sample key protects nobody",
            next_step="make a workspace with 'sendlab init', which makes a key of its own",
        )


def quality_summary(result: IngestResult) -> pl.DataFrame:
    """Problems by file, column and rule: worst first, with what to do."""
    return summarise(result.problems)
