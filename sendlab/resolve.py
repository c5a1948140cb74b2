"""Which school is meant: ids, URNs and academy conversions to one place, with the schools that nobody describes."""

import polars as pl

from sendlab.schema.problems import file_problem, no_problems
from sendlab.schema.tables import TABLES
from sendlab.sources.folder import RawTables

CLOSED = "2"  # GIAS establishment status
CONVERSION = ("Predecessor", "Successor")  # one school became another; merged and amalgamated ones stay themselves


class Schools:
    """The schools of a raw folder, and the id by which each is known in the store."""

    def __init__(self, raw: RawTables, la_code: str) -> None:
        described = raw.table("schools").with_columns(plain_id("school_id"), plain_id("school_urn"))
        self.known_as = _known_as(described, raw.table("school_links").with_columns(plain_id("school_urn", "link_urn")))
        self.table = self._table(raw, described, la_code)

    def of(self, column: str = "school_id") -> pl.Expr:
        """The school's id where a file gives its URN, its LAESTAB with a stroke, or the id before a conversion."""
        return plain_id(column).replace(self.known_as).alias(column)

    def _table(self, raw: RawTables, described: pl.DataFrame, la_code: str) -> pl.DataFrame:
        """All schools met: those described (an open one and a later description first), and unknown ones."""
        closed = (pl.col("establishment_status") == CLOSED).fill_null(False)
        latest = described.reverse().sort(closed, maintain_order=True).with_columns(self.of())
        of_now = ["open_date", "close_date", "establishment_status"]  # not filled in from the school it was before
        urn = pl.col("school_urn")
        same = (urn == urn.drop_nulls().first()).fill_null(True)
        known = latest.group_by("school_id", maintain_order=True).agg(
            pl.all().exclude(of_now).drop_nulls().first(), pl.col(of_now).filter(same).drop_nulls().first()
        )
        met = [raw.table(n).select(self.of()) for n, t in TABLES.items() if "school_id" in t.polars_schema]
        unknown = pl.concat(met).unique().drop_nulls().join(known, on="school_id", how="anti")
        unknown = unknown.with_columns(pl.col("school_id").alias("school_name"))
        schools = pl.concat([known, unknown], how="diagonal").select(list(TABLES["schools"].polars_schema))
        from_id = pl.when(pl.col("school_id").str.contains(r"^\d{7}$")).then(pl.col("school_id").str.slice(0, 3))
        # an authority's own row (its code stands for all schools in some tables) is no school
        kept = schools.filter(pl.col("school_id") != la_code)
        return kept.with_columns(pl.coalesce("la_code", from_id, pl.lit(la_code)).alias("la_code"))


def plain_id(*columns: str) -> pl.Expr:
    """A school id without '.0' or a thousands comma, and a LAESTAB without its stroke or dash."""
    text = pl.col(*columns).str.strip_suffix(".0").str.replace(r"^(\d{3}),(\d{3})$", "$1$2")
    joined = text.str.replace_all(r"[/-]", "")
    return pl.when(joined.str.contains(r"^\d{7}$")).then(joined).otherwise(text).name.keep()


def _known_as(described: pl.DataFrame, links: pl.DataFrame) -> dict[str, str]:
    """{URN, or id before a conversion: the id of the school as it is now}."""
    with_urn = described.filter(pl.col("school_urn").is_not_null())
    ids = dict(zip(with_urn["school_urn"], with_urn["school_id"], strict=True))
    after = _conversions(links)
    known: dict[str, str] = {}
    for urn, school_id in ids.items():
        now = str(ids.get(_last(urn, after), school_id))
        known[urn] = now
        if now != school_id:
            known[school_id] = now
    return known


def _conversions(links: pl.DataFrame) -> dict[str, str]:
    """{URN before a conversion: URN after}, where one school became one other."""
    plain = links.filter(pl.col("link_type").is_in(CONVERSION))
    successor = pl.col("link_type") == "Successor"
    pairs = plain.select(
        pl.when(successor).then("school_urn").otherwise("link_urn").alias("before"),
        pl.when(successor).then("link_urn").otherwise("school_urn").alias("after"),
    ).unique()
    alone = pairs.filter(pl.col("before").is_unique() & pl.col("after").is_unique())
    return dict(zip(alone["before"], alone["after"], strict=True))


def _last(urn: str, after: dict[str, str]) -> str:
    """The end of a chain of conversions; a chain that bites its tail ends where it began."""
    seen = {urn}
    while (following := after.get(urn)) is not None and following not in seen:
        urn = following
        seen.add(urn)
    return urn


def foreign_schools(schools: pl.DataFrame, met: pl.Series, la_code: str) -> pl.DataFrame:
    """Schools in pupils' files whose number is that of another authority: counted with ours, and said."""
    count = schools.filter((pl.col("la_code") != la_code) & pl.col("school_id").is_in(met.implode())).height
    if not count:
        return no_problems()
    return file_problem(
        file="table schools", rule="other_authority", severity="warning", count=count, column="la_code",
        message=f"schools of another authority than {la_code}: counted with ours",
        remedy="take their files out of the raw folder",
    )  # fmt: skip
