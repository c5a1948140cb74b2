"""Rows that say so where there is no figure: nobody counted, not returned or not collected is not nothing said."""

import polars as pl

from sendlab.cohort import ATTENDANCE_AGES
from sendlab.metrics.cards import cards, of_sen_only
from sendlab.metrics.publication import declared, published_measures
from sendlab.schema.groups import ALL_SEN, NEED_AREAS, NO_ITEM, TOTAL
from sendlab.schema.measures import as_measures

NOBODY_HERE = "nobody counted in this group"
NOBODY = {
    "attendance": "no pupils with attendance data in this group",
    "exclusions": "no pupils on the roll in this group",
    "progress": "no pupils at the end of key stage 2 in this group",
    "interventions": "no intervention on record here",
    "self_evaluation": "no self-evaluation on record here",
    "plans": NOBODY_HERE,
    "voice": "no answers on record here",
    "resources": "no return on record here",
    "ehc": "no EHC plans on record here",
    "inspections": "no such judgement on record here",
}
NOBODY_IN = {"attainment_8": "no pupils at the end of key stage 4 in this group"}
NOT_RETURNED = "not returned by this school for this year"
NOT_COLLECTED = "not collected: the workspace holds no data of this kind for this year"
NO_SEN = "No SEN"
CELLS = (
    (TOTAL, TOTAL),
    *((group, TOTAL) for group in ("EHC plan", "SEN support", NO_SEN, ALL_SEN)),
    *((ALL_SEN, area) for area in NEED_AREAS),
)


def nobody_rows(rows: pl.DataFrame, places: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """A row that says so for each measure, year, place and group that has none: nobody counted is not nothing said."""
    own = rows.filter((pl.col("comparator") == "") & (pl.col("geographic_level") != "National"))
    place = ["geographic_level", "place_code", "place_name", "education_phase"]
    schools = places.with_columns(pl.lit("School").alias("geographic_level")).select(place)
    la = own.filter(pl.col("geographic_level") == "Local authority").select(place).unique()
    held = own.select("measure", "time_period", "time_identifier").unique()
    wanted = _every_cell().join(own.select("time_period").unique(), how="cross").filter(_of_its_years())
    wanted = wanted.join(held, on=["measure", "time_period"], how="left").join(pl.concat([la, schools]), how="cross")
    in_grid = wanted.filter(pl.col("item") == TOTAL).join(
        own, on=["measure", "time_period", "place_code", "sen_provision", "need_area"], how="anti"
    )
    alone = wanted.filter(pl.col("item") != TOTAL).join(own, on=["measure", "time_period", "place_code"], how="anti")
    return _said_why(pl.concat([in_grid, alone]), own, facts)


def _said_why(missing: pl.DataFrame, own: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """Nobody (z, counted as 0), or not known (x, no number): not collected, or not returned by the school."""
    by_need = own.filter(pl.col("need_area") != TOTAL).select("measure", "time_period").unique()
    needs = missing.join(
        by_need.with_columns(pl.lit(True).alias("needs")),
        on=["measure", "time_period"],
        how="left",
        maintain_order="left",
    )["needs"].fill_null(False)
    returned = _returned(facts)
    topic = missing.select("measure", "time_period", "place_code").with_columns(
        pl.col("measure").replace_strict({name: card.topic for name, card in cards().items()}).alias("topic")
    )
    sent = topic.join(returned, on=["topic", "time_period", "place_code"], how="left", maintain_order="left")["sent"]
    uncollected = pl.col("time_identifier").is_null() | ((pl.col("need_area") != TOTAL) & ~needs)
    unsent = (pl.col("geographic_level") == "School") & pl.col("measure").is_in(_from_returns()) & sent.is_null()
    unknown = uncollected | unsent
    counts = ("base_subjects", "with_subjects", "numerator", "denominator")
    return as_measures(
        missing.with_columns(
            *(pl.when(~unknown).then(0).alias(name) for name in counts),
            pl.col("time_identifier").fill_null("Academic year"),
            pl.when(unknown).then(pl.lit("x")).otherwise(pl.lit("z")).alias("status"),
            pl.when(uncollected).then(pl.lit(NOT_COLLECTED)).when(unsent).then(pl.lit(NOT_RETURNED))
            .otherwise("note").alias("note"),
        )
    )  # fmt: skip


def _from_returns() -> list[str]:
    return [name for name, card in cards().items() if card.topic in ("attendance", "exclusions")]


def _returned(facts: pl.DataFrame) -> pl.DataFrame:
    """Which school returned attendance, or owes none (a nursery has nobody of the ages), and which a roll; by year."""
    due = pl.col("age_at_31_august").is_between(*ATTENDANCE_AGES).fill_null(True)
    due = due.any().over("time_period", "place_code")
    sent = {"attendance": pl.col("attendance_status").is_not_null() | ~due, "exclusions": pl.col("on_roll")}
    return pl.concat(
        facts.filter(rule).select(
            pl.lit(topic).alias("topic"), "time_period", "place_code", pl.lit(True).alias("sent")
        ).unique()
        for topic, rule in sent.items()
    )  # fmt: skip


def _of_its_years() -> pl.Expr:
    """Figures of EHC plans are of calendar years (four digits), all others of school or financial years (six)."""
    calendar = [name for name, card in cards().items() if card.topic == "ehc"]
    return (pl.col("time_period").str.len_chars() == 4) == pl.col("measure").is_in(calendar)


def _declared_of(measure: str, provision: str, need: str) -> bool:
    """Whether a declared table breaks the measure down to this group; of others it may have figures all the same."""
    by = {columns for table in declared()[0] if measure in table.measures for columns in table.by}
    if need != TOTAL:
        return ("need_area",) in by
    return provision == TOTAL or ("sen_provision",) in by


def _every_cell() -> pl.DataFrame:
    """Every measure with every group it is broken down by, its unit, and the words for nobody in it."""
    cells = [
        (name, card.unit, NOBODY_IN.get(name, NOBODY.get(card.topic, NOBODY_HERE)), *group,
         NO_ITEM if card.told_by else TOTAL)
        for name, card in cards().items()
        if name in published_measures()
        for group in (CELLS[:1] if card.told_by else CELLS)
        if _declared_of(name, *group) and not (of_sen_only(name) and group[0] == NO_SEN)
    ]  # fmt: skip
    columns = ["measure", "unit", "note", "sen_provision", "need_area", "item"]
    return pl.DataFrame(cells, schema=columns, orient="row")
