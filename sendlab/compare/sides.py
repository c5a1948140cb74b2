"""Which figure stands beside which: each figure paired with that of the comparator named.

A pair is a measure row with the other side's numbers in columns that end in `_other`. Special schools are never set
beside mainstream pupils with an EHC plan: such a pair keeps its place, has no other side, and says why.
"""

from collections.abc import Callable

import polars as pl

from sendlab.compare.peers import PEERS, peers_of
from sendlab.metrics.cards import cards
from sendlab.metrics.grouping import LA, REST, SCHOOL
from sendlab.schema.groups import ALL_SEN, SEND, TOTAL
from sendlab.schema.measures import GROUPS

NO_SEN = "No SEN"
NATIONAL = "Same group nationally"
MAX_AGE = 2  # years by which a benchmark may be older than the period and still be a comparator
SPECIAL = "Special"
NOT_ALIKE = (
    "pupils of a special school are not compared with pupils of mainstream schools: see the other special schools"
)
NO_PEERS = "no other school of this phase has pupils in this group"
UNCOMPARED = ("effect", "rating", "count")
OTHER_GROUPS = tuple(name for name in GROUPS if name not in ("sen_provision", "need_area", "sen_primary_need"))
SIDE = ("value", "lower", "upper", "numerator", "denominator", "with_subjects", "top_share", "status")
NUMBERS = SIDE[:-1]


def compared(figures: pl.DataFrame) -> pl.DataFrame:
    """The own figures (LA and schools) of measures that a gap has a meaning for."""
    meant = [name for name, card in cards().items() if card.compared and card.kind not in UNCOMPARED]
    own = pl.col("geographic_level").is_in([LA, SCHOOL]) & (pl.col("comparator") == "")
    return figures.filter(own & pl.col("measure").is_in(meant))


def kinds(rows: pl.DataFrame) -> pl.Series:
    """The kind of each row's measure, as its card says (share, events, sum, ...)."""
    return rows["measure"].replace_strict({name: card.kind for name, card in cards().items()}, return_dtype=pl.String)


def pairs(figures: pl.DataFrame, comparator: str) -> pl.DataFrame:
    """Each compared figure beside its other side; ValueError for a comparator that nothing is known of."""
    if comparator not in COMPARATORS:
        raise ValueError(f"no comparator is called '{comparator}': use one of {', '.join(COMPARATORS)}")
    return COMPARATORS[comparator](compared(figures), figures)


def of_send(own: pl.DataFrame) -> pl.DataFrame:
    """Figures of pupils on SEN support and of those with EHC plans, whatever their need."""
    plain = pl.all_horizontal(pl.col(name) == TOTAL for name in ("need_area", "sen_primary_need"))
    return own.filter(pl.col("sen_provision").is_in(SEND) & plain)


def beside(own: pl.DataFrame, others: pl.DataFrame, link: list[str]) -> pl.DataFrame:
    """Rows of `own` with those of `others` that share the columns of `link`."""
    side = others.select(*link, *SIDE, pl.col("time_period").alias("time_period_other"))
    return own.join(side, on=link, suffix="_other", maintain_order="left")


def _with_no_sen(own: pl.DataFrame, figures: pl.DataFrame) -> pl.DataFrame:
    link = ["measure", "time_period", "time_identifier", "geographic_level", "place_code", *OTHER_GROUPS]
    return beside(of_send(own), own.filter(pl.col("sen_provision") == NO_SEN), link)


def _with_rest(own: pl.DataFrame, figures: pl.DataFrame) -> pl.DataFrame:
    """A school beside the LA without it; a special school beside nobody, for the rest of the LA is mainstream too."""
    link = ["measure", "time_period", "time_identifier", "place_code", *GROUPS]
    rest = figures.filter(pl.col("geographic_level") == REST)
    found = beside(own.filter(pl.col("geographic_level") == SCHOOL), rest, link)
    return without_other(found, pl.col("education_phase") == SPECIAL, NOT_ALIKE)


def _with_peers(own: pl.DataFrame, figures: pl.DataFrame) -> pl.DataFrame:
    schools = own.filter(pl.col("geographic_level") == SCHOOL)
    link = ["measure", "time_period", "time_identifier", "place_code", *GROUPS]
    found = beside(schools, peers_of(schools), link)
    return without_other(found, pl.col("status_other") == "z", NO_PEERS)


def _with_national(own: pl.DataFrame, figures: pl.DataFrame) -> pl.DataFrame:
    """The latest benchmark of the nation; a special school beside one of special schools only.

    A mainstream school's pupils with an EHC plan are not set beside those of all phases: many of these are in special
    schools.
    """
    nation = figures.filter((pl.col("geographic_level") == "National") & (pl.col("comparator") == ""))
    found = beside_latest(own, nation)
    school = pl.col("geographic_level") == SCHOOL
    of_plans = school & pl.col("sen_provision").is_in([SEND[0], ALL_SEN])
    mixed = ((pl.col("education_phase") == SPECIAL) | of_plans) & (pl.col("education_phase_other") == TOTAL)
    return without_other(found, mixed, NOT_ALIKE).drop("education_phase_other")


def beside_latest(own: pl.DataFrame, published: pl.DataFrame) -> pl.DataFrame:
    """Figures beside the latest published one up to their period, at most two years old; they have no limits.

    Of the school's phase where there is one, else of all phases. `education_phase_other` says which.
    """
    link = ["measure", "time_identifier", *GROUPS]
    years = year_of("time_period") - year_of("time_period_other")
    phase = pl.col("education_phase_other")
    found = (
        own.with_row_index("row")
        .join(published.select(*link, "time_period", "education_phase", *SIDE), on=link, suffix="_other")
        .filter(years.is_between(0, MAX_AGE) & ((phase == pl.col("education_phase")) | (phase == TOTAL)))
        .sort("row", phase != pl.col("education_phase"), years)
        .unique("row", keep="first", maintain_order=True)
    )
    no_limits = [pl.lit(None, dtype=pl.Float64).alias(name) for name in ("lower_other", "upper_other")]
    return found.with_columns(no_limits).drop("row")


def year_of(column: str) -> pl.Expr:
    """The year in which a period begins, as a number.

    >>> pl.DataFrame({"t": ["202425", "2025"]}).select(year_of("t"))["t"].to_list()
    [2024, 2025]
    """
    return pl.col(column).str.slice(0, 4).cast(pl.Int32)


def without_other(found: pl.DataFrame, where: pl.Expr, why: str) -> pl.DataFrame:
    """Pairs whose other side is taken away (status z) with the reason; a mark of the own figure stays."""
    own = pl.col("status") == ""
    return found.with_columns(
        *(pl.when(~where).then(f"{name}_other").alias(f"{name}_other") for name in NUMBERS),
        pl.when(where).then(pl.lit("z")).otherwise("status_other").alias("status_other"),
        pl.when(where & own).then(pl.lit(why)).otherwise("note").alias("note"),
        pl.when(where).then(pl.lit("")).otherwise("time_period_other").alias("time_period_other"),
    )


COMPARATORS: dict[str, Callable[[pl.DataFrame, pl.DataFrame], pl.DataFrame]] = {
    NO_SEN: _with_no_sen,
    REST: _with_rest,
    NATIONAL: _with_national,
    PEERS: _with_peers,
}
