"""Who may come in under the sample key: it protects nobody, so no school and no UPN of a real authority."""

from collections.abc import Callable

import polars as pl

from sendlab.errors import WorkspaceProblem
from sendlab.pseudonyms import SAMPLE_AUTHORITIES
from sendlab.schema.tables import TABLES
from sendlab.sources.folder import RawTables
from sendlab.workspace import Workspace

UPN_SHAPE = r"^\s*[A-Za-z]\d{11}[\dA-Za-z]\s*$"


def admit_for(workspace: Workspace) -> Callable[[pl.Series, pl.Series], None]:
    """A check of UPNs and school ids as they come in: refuses what may be real where the sample key is in use."""

    def admit(upns: pl.Series, schools: pl.Series) -> None:
        if workspace.is_sample and (_may_be_real_pupils(upns) or _may_be_real_schools(schools)):
            raise refusal()

    return admit


def refuse_real(workspace: Workspace, raw: RawTables, schools: pl.DataFrame) -> None:
    """The same for all tables of people that are held whole, and for the authorities that files name for schools."""
    admit = admit_for(workspace)
    tables = [raw.table(name) for name, table in TABLES.items() if table.pupil_level and not table.streamed]
    ids = pl.concat([rows.select("school_id") for rows in tables if "school_id" in rows.columns])["school_id"].unique()
    resolved = schools.filter(pl.col("school_id").is_in(ids.implode()) | pl.col("school_urn").is_in(ids.implode()))
    known = pl.concat([resolved["school_id"], resolved["school_urn"].drop_nulls()])
    admit(pl.concat([rows["pupil_id"] for rows in tables]), ids.filter(~ids.is_in(known.implode())))
    if workspace.is_sample and not resolved["la_code"].is_in(SAMPLE_AUTHORITIES).all():
        raise refusal()


def _may_be_real_pupils(upns: pl.Series) -> bool:
    whole = upns.drop_nulls().filter(upns.drop_nulls().str.contains(UPN_SHAPE))
    return not whole.str.strip_chars().str.slice(1, 3).is_in(SAMPLE_AUTHORITIES).all()


def _may_be_real_schools(ids: pl.Series) -> bool:
    numbered = ids.drop_nulls().filter(ids.drop_nulls().str.contains(r"^\d{6,7}$"))
    invented = numbered.str.contains(rf"^({'|'.join(SAMPLE_AUTHORITIES)})\d{{4}}$")
    return not invented.all()


def refusal() -> WorkspaceProblem:
    """Why the files are refused, and what to do."""
    return WorkspaceProblem(
        "the raw folder holds schools or UPNs that may be of a real authority, and the sample key protects nobody",
        next_step="make a workspace with 'sendlab init', which makes a key of its own",
    )
