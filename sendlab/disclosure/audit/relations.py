"""What everybody knows of how numbers hang together: sums over places, groups and periods, orders of counts."""

from __future__ import annotations

import numpy as np
import polars as pl

from sendlab.codes import read_codes
from sendlab.disclosure.audit.editions import CELL, LA, SCHOOL
from sendlab.disclosure.audit.numbers import AMONG, BASE, ELIGIBLE, KEY, NUMBER, OUT_OF, PEOPLE, TOTAL_AMONG, Numbers
from sendlab.metrics.cards import card, cards, guessed
from sendlab.schema.groups import (
    ALL_SEN,
    AREA_OF_CODE,
    AUTUMN_AND_SPRING,
    FULL_YEAR,
    HALF_TERMS,
    SEN_PROVISION,
    SEND,
    TERMS,
    TOTAL,
)  # fmt: skip
from sendlab.schema.measures import GROUPS

LINE = {"line": pl.Int64, "number": pl.Int64, "weight": pl.Float64, "low": pl.Float64, "high": pl.Float64}
# How the parts of a year make up longer ones: name of the link -> {part: whole}.
IN_TIME = {
    "half terms": {part: TERMS[place // 2] for place, part in enumerate(HALF_TERMS)},
    "autumn and spring": dict.fromkeys(TERMS[:2], AUTUMN_AND_SPRING),
    "three terms": dict.fromkeys(TERMS, FULL_YEAR),
    "to Easter and after": dict.fromkeys((AUTUMN_AND_SPRING, TERMS[2]), FULL_YEAR),
}
_ADD_UP_IN_TIME = (NUMBER, OUT_OF)
_PLAIN = [name for name in GROUPS if name not in ("sen_provision", "item")]
_NEEDS = {line.code: line.notes["area"] for line in read_codes("sen_need_type") if "area" in line.notes}


def parts_of_wholes(numbers: Numbers) -> pl.DataFrame:
    """Each number beside each whole that it is a part of: `link`, `whole`, `part`, their counts, and what they are."""
    keys = numbers.keys
    las = keys.filter(geographic_level=LA)["place_code"].unique().sort().to_list()
    in_schools, provision, period = pl.col("geographic_level") == SCHOOL, pl.col("sen_provision"), "time_identifier"
    found = [_linked(keys, "places", in_schools, "place_code", pl.lit(la)) for la in las]
    found += [_linked(keys, name, pl.col(name) != TOTAL, name, pl.lit(TOTAL)) for name in _PLAIN]
    found.append(_linked(keys, "provisions", provision.is_in(SEN_PROVISION), "sen_provision", pl.lit(TOTAL)))
    found.append(_linked(keys, "pupils with SEN", provision.is_in(SEND), "sen_provision", pl.lit(ALL_SEN)))
    found.append(_needs_of_areas(keys))
    for link, of in IN_TIME.items():
        whole = pl.col(period).replace_strict(of, default=None)
        found.append(_linked(keys, link, pl.col(period).is_in(list(of)), period, whole))
    pairs = pl.concat(found).filter(pl.col("whole").is_null() | (pl.col("whole") != pl.col("part")).fill_null(True))
    return pairs.unique(["link", "whole_key", "part"], maintain_order=True)


def _linked(
    keys: pl.DataFrame, link: str, which: pl.Expr, column: str, of_whole: pl.Expr, **others: pl.Expr
) -> pl.DataFrame:
    """The numbers that are parts beside those that have `of_whole` in the column, and else the same key."""
    counts = ("people_behind", "people_in")
    wholes = keys.with_row_index("whole_key").select(
        *KEY, "whole_key", whole="number", whole_true="true", whole_level="geographic_level",
        **{f"whole_{name}": pl.col(name) for name in counts},
    )  # fmt: skip
    parts = keys.filter(which).with_columns(period="time_identifier", part_name=column)
    parts = parts.with_columns(of_whole.alias(column), **others)
    parts = parts.select(*KEY, "period", "part_name", part="number", part_true="true", part_level="geographic_level",
                         **{f"part_{name}": pl.col(name) for name in counts})  # fmt: skip
    return parts.join(wholes, on=KEY, how="inner").with_columns(link=pl.lit(link))


def _needs_of_areas(keys: pl.DataFrame) -> pl.DataFrame:
    """Primary needs make up their broad area, as the code of practice has it."""
    areas = {code: AREA_OF_CODE[area] for code, area in _NEEDS.items() if area in AREA_OF_CODE}
    need = pl.col("sen_primary_need")
    which, area = need.is_in(list(areas)) & (pl.col("need_area") == TOTAL), need.replace_strict(areas, default=None)
    return _linked(keys, "needs of an area", which, "sen_primary_need", pl.lit(TOTAL), need_area=area)


def lines_of(numbers: Numbers, pairs: pl.DataFrame) -> pl.DataFrame:
    """All that is known of sums of numbers, one line after the other: LINE.

    A sum whose true counts do not add up is known with its true difference; an order that they break, likewise. A
    number that nobody knows ends a sum, and parts of nobody alone make none: its difference would be the whole.
    """
    known = pl.col("part").is_not_null().all() & pl.col("whole").is_not_null().all()
    somebody = (pl.col("part_people_in") > 0).fill_null(True).any()
    pairs = pairs.filter((known & somebody).over("link", "whole_key"))
    in_time = pl.col("link").is_in(list(IN_TIME))
    exact = pairs.filter(~in_time | (pl.col("what").is_in(_ADD_UP_IN_TIME) & _complete()))
    inexact = pairs.filter(in_time)
    return stacked(
        _sums(exact, 0.0, 0.0),
        _sums(inexact.filter(pl.col("what").is_in(_ADD_UP_IN_TIME), ~_complete()), 0.0, np.inf),
        _sums(inexact.filter(pl.col("what").is_in([BASE, PEOPLE]), _complete()), -np.inf, 0.0),
        _parts_at_most_wholes(inexact.filter(_united(numbers))),
        _orders_in_a_cell(numbers), _of_measures(numbers), _among_others(numbers),
    )  # fmt: skip


def _complete() -> pl.Expr:
    """Whether the publication holds every part of the period; then a group without a row has nobody in it."""
    table = ("what", "name", "time_period", "whole_level", "link", "time_identifier")
    needed = pl.when(pl.col("link") == "three terms").then(3).otherwise(2)
    return pl.col("period").n_unique().over(table) == needed


def _united(numbers: Numbers) -> pl.Expr:
    """Counts of people who are among those of the whole period if they are in a part: bases, and people with events.

    Not people past a limit: who missed a tenth of one term's sessions need not have missed a tenth of the year's.
    """
    names = numbers.names
    of_events = names.filter(kind="events")[PEOPLE].to_list()
    of_events += [name for name in names.filter(kind="share")["measure"] if _of_events(name)]
    return (pl.col("what") == BASE) | ((pl.col("what") == PEOPLE) & pl.col("name").is_in(of_events))


def _of_events(measure: str) -> bool:
    most = card(measure).at_most
    return bool(most) and card(most).kind == "events"


def _sums(pairs: pl.DataFrame, low: float, high: float) -> pl.DataFrame:
    """Lines `whole - parts`, which lies between the true difference and these limits, whichever is wider."""
    lines = pairs.with_columns(line=pl.struct("link", "whole_key").rank("dense").cast(pl.Int64) - 1)
    whole = lines.unique("line").select("line", number="whole", weight=pl.lit(1.0), true="whole_true")
    part = lines.select("line", number="part", weight=pl.lit(-1.0), true="part_true")
    return _with_limits(pl.concat([whole, part]), low, high)


def _with_limits(lines: pl.DataFrame, low: float, high: float) -> pl.DataFrame:
    true = (pl.col("weight") * pl.col("true")).sum().over("line")
    ends = {"low": pl.min_horizontal(true, pl.lit(low)), "high": pl.max_horizontal(true, pl.lit(high))}
    if low == high:
        ends = {"low": true, "high": true}
    return lines.with_columns(**ends).select(pl.col(name).cast(kind) for name, kind in LINE.items())


def _parts_at_most_wholes(pairs: pl.DataFrame) -> pl.DataFrame:
    pairs = pairs.unique(["whole", "part"], maintain_order=True)
    return _at_most(pairs.select(less="part", less_true="part_true", more="whole", more_true="whole_true"))


def _at_most(pairs: pl.DataFrame) -> pl.DataFrame:
    """Lines `less - more <= 0`."""
    lines = pairs.with_row_index("line")
    made = [lines.select("line", number=name, weight=pl.lit(weight), true=f"{name}_true")
            for name, weight in (("less", 1.0), ("more", -1.0))]  # fmt: skip
    return _with_limits(pl.concat(made), -np.inf, 0.0)


def _orders_in_a_cell(numbers: Numbers) -> pl.DataFrame:
    """People behind a numerator are in its base, and at most as many as the events; and what else the cards declare."""
    names = numbers.names
    of_sessions = names.filter(pl.col("unit").str.starts_with("%"))
    orders = [(names, (PEOPLE, PEOPLE), (BASE, BASE)), (names, (PEOPLE, PEOPLE), (NUMBER, NUMBER))]
    orders += [(of_sessions, (NUMBER, NUMBER), (OUT_OF, OUT_OF)), (names, (BASE, BASE), (ELIGIBLE, ELIGIBLE))]
    at_most = {name: card(name).at_most for name in names["measure"] if card(name).at_most}
    higher = names.select(of="measure", more_name=PEOPLE)
    declared = names.with_columns(of=pl.col("measure").replace_strict(at_most, default=None, return_dtype=pl.String))
    orders.append((declared.join(higher, on="of"), (PEOPLE, PEOPLE), (PEOPLE, "more_name")))
    return stacked(*(_ordered(numbers.keys, *order) for order in orders))


def among(numbers: Numbers) -> pl.DataFrame:
    """Each base beside the one that its card says it is among: `name`, CELL, `part`, `whole`, and their counts.

    A base that is counted on one day is the same in all periods of its year, whichever are published.
    """
    of_base = [name for name in CELL if name != "time_identifier"]
    known = numbers.keys.filter(pl.col("number").is_not_null(), what=BASE)
    links = numbers.names.select(BASE, AMONG, TOTAL_AMONG).drop_nulls().unique(maintain_order=True)
    narrow = known.join(links, left_on="name", right_on=BASE)
    provision = pl.col("sen_provision")
    group = pl.when(provision == TOTAL).then(pl.col(TOTAL_AMONG)).otherwise(provision)
    narrow = narrow.select("name", *CELL, "geographic_level", AMONG, group=group, part="number", part_true="true")
    one_day = numbers.names.filter(pl.col("one_day"))[BASE].unique().implode()
    # a wider base of nobody around somebody is one that was not collected: it limits nothing
    wide = known.filter(pl.col("true") > 0).with_columns(of_one_day=pl.col("name").is_in(one_day)).select(
        *of_base, AMONG="name", when=pl.when(~pl.col("of_one_day")).then("time_identifier"), whole="number",
        whole_true="true",
    ).rename({"AMONG": AMONG, "sen_provision": "group"}).unique(maintain_order=True)  # fmt: skip
    at = [AMONG, "group", *(name for name in of_base if name != "sen_provision")]
    pairs = narrow.join(wide, on=at)
    return pairs.filter(pl.col("when").is_null() | (pl.col("when") == pl.col("time_identifier"))).sort("part", "whole")


def _among_others(numbers: Numbers) -> pl.DataFrame:
    """A base is at most the one that it is among; equal to it, where it is and anyone may guess so."""
    pairs = among(numbers).filter(pl.col("part_true") > 0)
    same = pl.col("name").is_in(guessed()) & (pl.col("part_true") == pl.col("whole_true"))
    named = {"less": "part", "less_true": "part_true", "more": "whole", "more_true": "whole_true"}
    ordered, equal = (pairs.filter(which).select(**named) for which in (~same, same))
    return stacked(_at_most(ordered), _at_most(equal).with_columns(low=pl.lit(0.0)))


def _ordered(keys: pl.DataFrame, names: pl.DataFrame, less: tuple[str, str], more: tuple[str, str]) -> pl.DataFrame:
    both = names.select(less_name=pl.col(less[1]), more_name=pl.col(more[1])).drop_nulls().unique(maintain_order=True)
    both = both.filter((pl.col("less_name") != pl.col("more_name")) | (less[0] != more[0]))
    known = keys.filter(pl.col("number").is_not_null())
    left = known.filter(what=less[0]).select(*CELL, less_name="name", less="number", less_true="true")
    right = known.filter(what=more[0]).select(*CELL, more_name="name", more="number", more_true="true")
    pairs = left.join(both, on="less_name").join(right, on=["more_name", *CELL])
    return _at_most(pairs.unique(["less", "more"], maintain_order=True).sort("less", "more"))


def _of_measures(numbers: Numbers) -> pl.DataFrame:
    """Measures that add up to another one: exactly where all that are declared its parts are here, else at most."""
    names = numbers.names
    counts = numbers.keys.filter(pl.col("number").is_not_null(), pl.col("what").is_in([NUMBER, PEOPLE]))
    called = names.select("measure", what=pl.when(pl.col(NUMBER).is_null()).then(pl.lit(PEOPLE))
                          .otherwise(pl.lit(NUMBER)), name=pl.coalesce(NUMBER, PEOPLE)).drop_nulls()  # fmt: skip
    counts = counts.join(called, on=["what", "name"])
    found = []
    for whole in sorted({card(name).parts_of for name in names["measure"]} & set(names["measure"])):
        parts = [name for name, about in cards().items() if about.parts_of == whole]
        here = counts.filter(pl.col("measure").is_in(parts)).select(*CELL, part="number", part_true="true")
        top = counts.filter(measure=whole).select(*CELL, whole="number", whole_true="true", whole_key="number")
        pairs = here.join(top, on=CELL).with_columns(link=pl.lit("measures"))
        found.append(_sums(pairs, 0.0, 0.0 if set(parts) <= set(names["measure"]) else np.inf))
    return stacked(*found)


def stacked(*blocks: pl.DataFrame) -> pl.DataFrame:
    """Blocks of lines one below the other, their lines numbered on."""
    made, first = [pl.DataFrame(schema=LINE)], 0
    for block in blocks:
        if block.height:
            made.append(block.select(pl.col(name).cast(kind) for name, kind in LINE.items()))
            made[-1] = made[-1].with_columns(pl.col("line") + first)
            first = int(made[-1]["line"].to_numpy().max()) + 1
    return pl.concat(made)
