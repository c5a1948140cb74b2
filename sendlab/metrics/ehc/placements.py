"""Where children and young people with an EHC plan are placed on census day, and how good audited plans are.

Source: DfE, Education, health and care plans: methodology (2025) for placements on census day of the SEN2 return; the
kind of a school is by its type of establishment in Get Information about Schools, else by its phase. The audit of
plans is the authority's own.
"""

from functools import cache

import polars as pl

from sendlab.codes import read_codes
from sendlab.metrics.ehc.cases import CASE, CaseMean, CaseShare, census_day, placed
from sendlab.metrics.grouping import By, either_kind
from sendlab.metrics.measuring import measure_rows
from sendlab.metrics.recipes import EVERYBODY, Recipe
from sendlab.metrics.said import not_known
from sendlab.metrics.typed import typed
from sendlab.schema.groups import FULL_YEAR

MAINSTREAM, SPECIAL, AP = "Mainstream school", "Special school", "Alternative provision"
COLLEGE, INDEPENDENT, EARLY = "College or other post-16", "Independent school", "Early years provider"
ELSEWHERE, NOWHERE, OTHER = "Educated elsewhere", "Not in education", "Other"
OUTSIDE = "School or provider outside the register"
KINDS = (MAINSTREAM, SPECIAL, AP, COLLEGE, INDEPENDENT, EARLY, ELSEWHERE, NOWHERE, OTHER, OUTSIDE)
# gias_establishment_type `kind`, sen2_sen_setting and school_phase -> the kinds that are counted
OF_TYPE = {"mainstream": MAINSTREAM, "special": SPECIAL, "alternative_provision": AP, "post16": COLLEGE,
           "independent": INDEPENDENT, "other": OTHER}  # fmt: skip
OF_SETTING = {"OLA": ELSEWHERE, "OPA": ELSEWHERE, "EHE": ELSEWHERE, "EYP": EARLY, "OTH": OTHER, "NEET": NOWHERE,
              "NIEC": NOWHERE, "NIEO": NOWHERE}  # fmt: skip
OF_PHASE = {"NS": MAINSTREAM, "PS": MAINSTREAM, "MP": MAINSTREAM, "MS": MAINSTREAM, "SS": MAINSTREAM, "AT": MAINSTREAM,
            "SP": SPECIAL, "PR": AP}  # fmt: skip
MAIN_RANK, ACTIVE = "1", "active"
ADD_REGISTER = "schools outside the authority count by kind once a register of all schools (GIAS) is in the workspace"


@cache
def kinds_of_type() -> dict[str, str]:
    """{code of a type of establishment: kind of placement}.

    >>> kinds_of_type()["7"], kinds_of_type()["14"], kinds_of_type()["18"]
    ('Special school', 'Alternative provision', 'College or other post-16')
    """
    notes = {line.code: line.notes.get("kind", "other").split(" ")[0] for line in read_codes("gias_establishment_type")}
    return {code: OF_TYPE.get(kind, OTHER) for code, kind in notes.items()}


@either_kind
def ehc_placement_kinds(
    placements: pl.DataFrame, plans: pl.DataFrame, schools: pl.DataFrame, links: pl.DataFrame | None = None, *,
    la_code: str, la_name: str, by: By | None = None, confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """People with an active EHC plan by the kind of their main placement on census day, and units within schools.

    `placements`, `plans`, `schools`, `links`: the tables `ehc_placements`, `ehc_plans`, `schools` and `school_links` (a
    closed school is its successor). `ehc_placements`: % of active plans with a placement on record, `item` is the kind;
    the kinds add up to 100. `ehc_in_sen_unit` and `ehc_in_resourced_provision`: % of those in mainstream schools. By
    academic year of the census day, for the LA.
    """
    base = placed_plans(placements, plans, schools, links, la_code=la_code, la_name=la_name)
    kind, told = pl.col("kind"), pl.col("kind").is_not_null()
    recipes: list[Recipe] = [
        CaseShare("ehc_placements", feature=kind == name, where=told, eligible=EVERYBODY, item=name,
                  note=ADD_REGISTER if name == OUTSIDE else "")
        for name in KINDS
    ]  # fmt: skip
    mainstream = (kind == MAINSTREAM).fill_null(False)
    recipes += [
        CaseShare(measure, feature=pl.col(flag), where=mainstream & pl.col(flag).is_not_null(), eligible=mainstream)
        for measure, flag in (("ehc_in_sen_unit", "sen_unit"), ("ehc_in_resourced_provision", "resourced_provision"))
    ]
    return not_known(measure_rows(base, recipes, by=by, confidence=confidence, rest=False))


def placed_plans(
    placements: pl.DataFrame, plans: pl.DataFrame, schools: pl.DataFrame, links: pl.DataFrame | None = None, *,
    la_code: str, la_name: str,
) -> pl.DataFrame:  # fmt: skip
    """Active plans of each return with the `kind` of their main placement on census day, missing without one."""
    placements, schools = typed(placements, "ehc_placements"), typed(schools, "schools")
    day = _census_days(placements)
    there, begun = pl.col("leaving_date").fill_null(day) >= day, pl.col("entry_date").fill_null(day) <= day
    main = placements.filter((pl.col("plan") == ACTIVE) & (pl.col("placement_rank") == MAIN_RANK) & there)
    main = main.sort(begun, "entry_date", "school_urn", "ukprn", "sen_setting")  # one about to begin, if no other is
    main = main.unique(CASE, keep="last", maintain_order=True)
    kinds = _with_kind(main, schools, links).select(*CASE, "kind", "sen_unit", "resourced_provision")
    return _on_census_day(plans, la_code, la_name).join(kinds, on=CASE, how="left", maintain_order="left")


def _with_kind(main: pl.DataFrame, schools: pl.DataFrame, links: pl.DataFrame | None) -> pl.DataFrame:
    """The kind of each placement: by URN, then UKPRN, then the setting."""
    by_type = pl.col("establishment_type").replace_strict(kinds_of_type(), default=None, return_dtype=pl.String)
    by_phase = pl.col("phase_code").replace_strict(OF_PHASE, default=None, return_dtype=pl.String)
    known = schools.with_columns(pl.coalesce(by_type, by_phase).alias("kind"))
    joined = _successors(main, schools, links)
    for name in ("school_urn", "ukprn"):
        named = known.filter(pl.col(name).is_not_null()).unique(name, keep="first", maintain_order=True)
        joined = joined.join(named.select(name, pl.col("kind").alias(f"_{name}")), on=name, how="left",
                             maintain_order="left")  # fmt: skip
    setting = pl.col("sen_setting").replace_strict(OF_SETTING, default=None, return_dtype=pl.String)
    somewhere = pl.col("school_urn").is_not_null() | pl.col("ukprn").is_not_null()
    kind = pl.coalesce("_school_urn", "_ukprn", setting, pl.when(somewhere).then(pl.lit(OUTSIDE)))
    return joined.with_columns(kind.alias("kind"))


def _successors(main: pl.DataFrame, schools: pl.DataFrame, links: pl.DataFrame | None) -> pl.DataFrame:
    """A school that the register does not hold under its URN, under that of its successor."""
    if links is None or links.is_empty():
        return main
    after = (
        typed(links, "school_links")
        .filter(pl.col("link_type").str.starts_with("Successor"))
        .join(schools.select("school_urn"), on="school_urn", how="anti")
    )
    after = after.select("school_urn", pl.col("link_urn").alias("_later")).unique("school_urn", keep="first")
    joined = main.join(after, on="school_urn", how="left", maintain_order="left")
    return joined.with_columns(pl.coalesce("_later", "school_urn").alias("school_urn")).drop("_later")


@either_kind
def ehc_plan_audits(
    plans: pl.DataFrame, *, la_code: str, la_name: str, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Audited EHC plans: mean score (`ehc_quality_score`, 0-100) and % with co-production found (`ehc_co_produced`).

    Of active plans with an audit on record; `eligible_subjects` counts all active plans, because a few picked plans
    need not be like the others. A year without any audit has no row.
    """
    base = _on_census_day(plans, la_code, la_name)
    score, together = pl.col("quality_score"), pl.col("co_produced")
    audits: tuple[tuple[pl.Expr, Recipe], ...] = (
        (score, CaseMean("ehc_quality_score", of=score, where=score.is_not_null(), eligible=EVERYBODY)),
        (together, CaseShare("ehc_co_produced", feature=together, where=together.is_not_null(), eligible=EVERYBODY)),
    )
    return pl.concat(
        measure_rows(
            base.filter(column.is_not_null().any().over("time_period")), [recipe], by=by, confidence=confidence,
            rest=False,
        )
        for column, recipe in audits
    )  # fmt: skip


def _on_census_day(plans: pl.DataFrame, la_code: str, la_name: str) -> pl.DataFrame:
    """Active plans as a state on the census day, by academic year."""
    rows = placed(typed(plans, "ehc_plans"), la_code=la_code, la_name=la_name)
    period = pl.col("year").cast(pl.String) + ((pl.col("year") + 1) % 100).cast(pl.String).str.zfill(2)
    return rows.with_columns(
        period.alias("time_period"), pl.lit(FULL_YEAR).alias("time_identifier"), _census_days(rows).alias("data_to")
    )


def _census_days(rows: pl.DataFrame) -> pl.Expr:
    years = [year for year in rows["return_year"].unique().to_list() if year and year.isdigit()]
    days = {year: census_day(int(year)) for year in years}
    return pl.col("return_year").replace_strict(days, default=None, return_dtype=pl.Date)
