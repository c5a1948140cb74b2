"""The numbers that are secret or in sight: people in bases, people behind numerators, and what else is counted."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from sendlab.disclosure.audit.editions import CELL, SCHOOL, AuditProblem, is_figure
from sendlab.disclosure.audit.knowledge import Bools, Floats
from sendlab.metrics.cards import Card, card, widest
from sendlab.schema.groups import TOTAL

KEY = ["what", "name", *CELL]  # which number it is
BASE, PEOPLE, NUMBER, OUT_OF, ELIGIBLE, SUM = "base", "people", "number", "out of", "eligible", "sum"
AMONG, TOTAL_AMONG = "among", "total among"  # the base that a base is among, and the group of it that its Total is
COLUMN = {BASE: "base_subjects", PEOPLE: "with_subjects", NUMBER: "numerator", OUT_OF: "denominator",
          ELIGIBLE: "eligible_subjects", SUM: "value"}  # fmt: skip
ONE_DAY = "January"  # a base counted on the day of the January census is the same in every period of its year
_KINDS = ("share", "events", "sum", "mean", "effect")


@dataclass(frozen=True)
class Numbers:
    """Every number once, and where it stands."""

    keys: pl.DataFrame  # KEY, geographic_level, number (null: not known), true, people_behind and people_in it
    names: pl.DataFrame  # of each measure its card's facts, and the name of each of its numbers; null: it has none
    true: Floats  # (n,)
    whole: Bools  # (n,)
    place: list[str]  # (n,) whose number it is

    @property
    def schools(self) -> list[str]:
        """The schools, in order."""
        return self.keys.filter(geographic_level=SCHOOL)["place_code"].unique().sort().to_list()


def numbers_of(truth: pl.DataFrame) -> Numbers:
    """The numbers behind measure rows.

    A base is one number for all measures that share it (and for all periods of a year, where it is counted on one day);
    the numerator of a share is the number of people behind it; pupils with one event or more are the people behind
    the events. Rows in which nobody was counted add nothing. Errors: AuditProblem where two rows contradict each other.

    >>> rows = pl.DataFrame({"measure": ["absence"], "base_subjects": [9], "with_subjects": [8], "numerator": [70.0],
    ...                      "denominator": [900.0]})
    >>> from sendlab.schema.measures import as_measures
    >>> numbers_of(as_measures(rows)).keys.select("what", "true").rows()
    [('base', 9.0), ('number', 70.0), ('out of', 900.0)]
    """
    rows = counted(truth)
    names = _names(rows)
    keys = keyed(rows, names)
    odd = keys.filter(pl.col("least") != pl.col("true"))
    if odd.height:
        first = odd.row(0, named=True)
        raise AuditProblem(
            f"{first['name']}, {first['time_period']}, place {first['place_code']}: two rows give different counts",
            next_step="give each measure, period, place and group once, on one base",
        )
    one_day = names.filter(pl.col("one_day"))[BASE].unique().implode()
    of_one_day = (pl.col("what") == BASE) & pl.col("name").is_in(one_day)
    period = pl.when(of_one_day).then(pl.lit("")).otherwise(pl.col("time_identifier"))
    which = pl.struct(*KEY[:3], period, *KEY[4:]).rank("dense").cast(pl.Int64) - 1
    known = keys.filter(pl.col("true").is_not_null()).with_columns(number=which).drop("least")
    unknown = keys.filter(pl.col("true").is_null()).with_columns(number=pl.lit(None, pl.Int64)).drop("least")
    once = known.unique("number").sort("number")
    integral = (once["what"] != SUM) & (once["true"] == once["true"].round(0))
    whole = once.with_columns(integral=integral).select(pl.col("integral").all().over("what", "name")).to_series()
    return Numbers(pl.concat([known, unknown]), names, once["true"].to_numpy(), whole.to_numpy(),
                   once["place_code"].to_list())  # fmt: skip


def counted(rows: pl.DataFrame) -> pl.DataFrame:
    """Figures of measures that count people; nobody is in the base of a row that says that there was nobody.

    >>> from sendlab.schema.measures import as_measures
    >>> rows = pl.DataFrame({"measure": ["absence", "sef_now"], "status": ["x", ""], "eligible_subjects": [3, None]})
    >>> counted(as_measures(rows))["base_subjects"].to_list()
    [0]
    """
    kinds = {name: card(name).kind for name in rows["measure"].unique() if card(name).of_people}
    odd = sorted(name for name, kind in kinds.items() if kind not in _KINDS)
    if odd:
        raise AuditProblem(f"no rule says how to judge {', '.join(odd)}", next_step="audit publishable measures only")
    nobody = pl.col("status").is_in(["x", "z"]) & pl.all_horizontal(pl.col(name).is_null() for name in _bases(rows))
    made = [pl.when(nobody).then(0).otherwise(pl.col(name)).alias(name) for name in _bases(rows)]
    return rows.filter(is_figure(), pl.col("measure").is_in(sorted(kinds))).with_columns(made)


def _bases(rows: pl.DataFrame) -> list[str]:
    return [name for name in ("base_subjects", "base_subjects_low", "base_subjects_high") if name in rows.columns]


def _names(rows: pl.DataFrame) -> pl.DataFrame:
    """One line a measure: its card's facts, and how each of its numbers is called."""
    numerator_is_people = (pl.col("numerator") == pl.col("with_subjects")).fill_null(True).all()
    denominator_is_base = (pl.col("denominator") == pl.col("base_subjects")).fill_null(True).all()
    read = rows.group_by("measure").agg(people_counted=numerator_is_people, base_counted=denominator_is_base)
    lines = [_line(card(name), same, plain) for name, same, plain in read.sort("measure").iter_rows()]
    words = ("measure", "kind", "polarity", "unit", BASE, AMONG, TOTAL_AMONG, PEOPLE, NUMBER, OUT_OF, ELIGIBLE, SUM)
    schema = {"one_day": pl.Boolean, "decimals": pl.Int64} | dict.fromkeys(words, pl.String)
    return _one_day(_events_of_the_same_people(pl.DataFrame(lines, schema=schema), rows), rows)


def _line(about: Card, people_counted: bool, base_counted: bool) -> dict[str, object]:
    kind, base = about.kind, about.base
    own_number = kind in ("events", "sum") or (kind == "share" and not people_counted)
    other = None if base_counted or kind == "effect" else f"{base}: {about.denominator}"
    return {
        "measure": about.measure, "kind": kind, "polarity": about.polarity, "unit": about.unit,
        "decimals": about.decimals, "one_day": ONE_DAY in about.denominator, BASE: base, AMONG: about.among or None,
        TOTAL_AMONG: about.among_total or TOTAL,
        PEOPLE: about.measure if kind in ("share", "events") else None, NUMBER: about.measure if own_number else None,
        OUT_OF: other, ELIGIBLE: widest(base), SUM: about.measure if kind == "mean" else None,
    }  # fmt: skip


def _events_of_the_same_people(names: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Where a share is declared at most an events measure and counts the same people, they are one number."""
    for share, kind in names.select("measure", "kind").iter_rows():
        events = card(share).at_most
        if kind != "share" or events not in names["measure"] or card(events).kind != "events":
            continue
        both = rows.filter(measure=share).join(rows.filter(measure=events), on=CELL, suffix="_of_events")
        if both.height and (both["with_subjects"] == both["with_subjects_of_events"]).all():
            renamed = pl.when(pl.col("measure") == events).then(pl.lit(share)).otherwise(pl.col(PEOPLE))
            names = names.with_columns(renamed.alias(PEOPLE))
    return names


def _one_day(names: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """A base is taken for one count over the periods of a year only where it is the same in all of them."""
    in_year = [name for name in CELL if name != "time_identifier"]
    counts = rows.join(names.select("measure", BASE), on="measure").group_by(BASE, *in_year)
    same = counts.agg(one=pl.col("base_subjects").drop_nulls().n_unique() <= 1)
    same = same.group_by(BASE).agg(pl.col("one").all())
    return names.join(same, on=BASE, how="left").with_columns(one_day=pl.col("one_day") & pl.col("one")).drop("one")


def keyed(rows: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """The numbers of the rows under their keys; where `least` is not `true`, two rows contradict each other."""
    of_mean = pl.coalesce(pl.col("numerator"), pl.col("value") * pl.col("base_subjects"))
    rows = rows.join(names, on="measure")
    made = []
    for what, column in COLUMN.items():
        true = of_mean if what == SUM else pl.col(column).cast(pl.Float64)
        one = rows.filter(pl.col(what).is_not_null(), ~_nobody_else(what)).select(
            pl.lit(what).alias("what"), pl.col(what).alias("name"), *CELL, "geographic_level", true=true,
            people_behind=pl.col("with_subjects").cast(pl.Float64), people_in=pl.col("base_subjects").cast(pl.Float64),
        )  # fmt: skip
        made.append(one if what != ELIGIBLE else one.filter(pl.col("true").is_not_null()))  # not all rows have it
    together = pl.concat(made).group_by(KEY).agg(
        pl.col("geographic_level").first(), least=pl.col("true").min(), true=pl.col("true").max(),
        people_behind=pl.col("people_behind").max(), people_in=pl.col("people_in").max(),
    )  # fmt: skip
    return together.sort(KEY)


def _nobody_else(what: str) -> pl.Expr:
    """Numbers that a row of nobody does not have: nothing is unknown of it, there is nothing."""
    if what in (BASE, ELIGIBLE):
        return pl.lit(False)
    return (pl.col("base_subjects") == 0).fill_null(False) & pl.col(COLUMN.get(what, what)).is_null()
