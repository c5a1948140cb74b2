"""Rules of the EES open data standard on the geographic levels of a data file and the places that its rows name."""

from collections.abc import Iterable

import polars as pl

from sendlab.codes import read_codes
from sendlab.sources.ees_pair import (
    LEVEL,
    Check,
    Found,
    Hit,
    Pair,
    data_cells,
    places,
    standard,
    standard_columns,
    where,
)

LA, REGION = "Local authority", "Regional"
NOWHERE = [standard()["places"]["unknown_code"], standard()["places"]["no_code"]]  # codes of no place that is known
LEVEL_CELLS = {
    "level_unknown": ~LEVEL.is_in(list(places())).fill_null(False),
    "level_old": LEVEL.is_in(list(standard()["old_levels"])),
    "level_not_in_tables": LEVEL.is_in(standard()["places"]["never_in_tables"]),
}


def _levels(pair: Pair) -> list[str]:
    """Levels of the standard that some row has."""
    return [level for level in pair.values("geographic_level").to_list() if level in places()]


def _may_hold(level: str, other: str) -> bool:
    """Whether rows of a level may have the columns of another level filled."""
    within = standard()["within"][level]
    smallest = {*standard()["places"]["own_file"], "Institution"}
    return other in (level, "National", *within) or (within == ["*"] and other not in smallest)


def _required(level: str) -> tuple[str, ...]:
    return () if level in standard()["places"]["optional_levels"] else places()[level]


def _level_columns_missing(pair: Pair) -> Found:
    have, present = pair.data.columns, _levels(pair)
    in_part = [level for level in (REGION, LA) if {*places()[level]} & {*have}]
    wanted = dict.fromkeys(c for level in [*present, *in_part] for c in _required(level))
    return (Hit(c) for c in wanted if c not in (*have, *standard()["mandatory"]))


def _school_without_la(pair: Pair) -> Found:
    return (Hit(c) for c in places()[LA] if "School" in _levels(pair) and not {*places()[LA]} & {*pair.data.columns})


def _school_with_provider(pair: Pair) -> Found:
    if {*standard()["places"]["own_file"]} <= {*_levels(pair)}:
        yield Hit("geographic_level")


def _wants_own_file(pair: Pair) -> Found:
    own = standard()["places"]["own_file"]
    if {*_levels(pair)} - {*own}:
        yield from where(pair.data.rows, "geographic_level", LEVEL.is_in(own))


def _blank(pair: Pair) -> Found:
    """Blank on rows of its own level, or left out of a larger place that is otherwise given; the country anywhere."""
    rows, optional = pair.data.rows, standard()["places"]["may_be_blank"]
    for level in places():
        columns = [c for c in _required(level) if c in rows.columns and c not in optional]
        if not columns:
            continue
        own = pl.lit(True) if level == "National" else LEVEL.eq(level)
        holders = [other for other in _levels(pair) if _may_hold(other, level)]
        begun = LEVEL.is_in(holders) & pl.any_horizontal(pl.col(c).is_not_null() for c in columns)
        for column in columns:
            yield from where(rows, column, (own | begun) & pl.col(column).is_null())
    if {*places()[LA]} <= {*rows.columns}:
        known = [(la[0], la[2]) for la in _listed()[LA] if la[0] != "x"]
        new_code_known = _joined(("old_la_code", "la_name")).is_in(["|".join(la) for la in known])
        yield from where(rows, "new_la_code", pl.col("new_la_code").is_null() & new_code_known)


def _overfilled(pair: Pair) -> Found:
    rows = pair.data.rows
    for level in (level for level in places() if level != "National"):
        not_theirs = [other for other in _levels(pair) if not _may_hold(other, level)]
        for column in (c for c in places()[level] if c in rows.columns and c != pair.school_filter):
            filled = pl.col(column).is_not_null() & ~pl.col(column).is_in(standard()["total_misplaced"])
            yield from where(rows, column, LEVEL.is_in(not_theirs) & filled)


def _listed() -> dict[str, list[tuple[str, ...]]]:
    """Places of the standard's lists, in the order of the level's columns."""
    own = standard()["places"]
    return {
        "National": [tuple(c) for c in own["country"]],
        REGION: [(line.code, line.label) for line in read_codes("region")],
        LA: [(line.code, line.notes["new_la_code"], line.label) for line in read_codes("local_authority")],
    }


def _joined(columns: Iterable[str]) -> pl.Expr:
    return pl.concat_str([pl.col(c) for c in columns], separator="|")


def _is_listed(level: str, *, any_case: bool = False) -> pl.Expr:
    more = standard()["places"]["more_las"] if level == LA else []
    known, place = ["|".join(parts) for parts in [*_listed().get(level, []), *more]], _joined(places()[level])
    return place.str.to_lowercase().is_in([k.lower() for k in known]) if any_case else place.is_in(known)


def _said_unknown(level: str) -> tuple[pl.Expr, pl.Expr]:
    """Whether a code is x, and whether the name is Not available."""
    own, (*codes, name) = standard()["places"], places()[level]
    return (
        pl.any_horizontal(pl.col(c) == own["unknown_code"] for c in codes).fill_null(False),
        (pl.col(name).str.to_lowercase() == own["unknown_name"]).fill_null(False),
    )


def _place_unknown(pair: Pair) -> Found:
    for level in (level for level in _listed() if {*places()[level]} <= {*pair.data.columns}):
        *codes, name = places()[level]
        code_x, named_so = _said_unknown(level)
        no_code = pl.any_horizontal(pl.col(c) == standard()["places"]["no_code"] for c in codes)
        total = pl.any_horizontal(pl.col(c).is_in(standard()["total_misplaced"]) for c in (*codes, name))
        yield from where(
            pair.data.rows, codes[-1], ~(_is_listed(level, any_case=True) | code_x | named_so | no_code | total)
        )


def _name_case(pair: Pair) -> Found:
    for level in (level for level in _listed() if {*places()[level]} <= {*pair.data.columns}):
        yield from where(pair.data.rows, places()[level][-1], _is_listed(level, any_case=True) & ~_is_listed(level))


def _not_available(pair: Pair) -> Found:
    for level, (*codes, name) in places().items():
        if codes and {*codes, name} <= {*pair.data.columns}:
            code_x, named_so = _said_unknown(level)
            coded = pl.any_horizontal(pl.col(c).is_not_null() for c in codes)
            listed = _is_listed(level).fill_null(False)
            yield from where(pair.data.rows, name, coded & (code_x != named_so) & ~listed)


def _code_form(pair: Pair) -> Found:
    spared = [*NOWHERE, *standard()["total_misplaced"]]
    for column, form in standard()["code_forms"].items():
        if column in pair.data.columns:
            yield from where(pair.data.rows, column, ~pl.col(column).str.contains(form) & ~pl.col(column).is_in(spared))


def _one_each(of: str, listed: str) -> Check:
    """The check that a place's code has one name (of = "name"), or its name one code, at any one time."""

    def check(pair: Pair) -> Found:
        when = [c for c in ("time_period", "time_identifier") if c in pair.data.columns]
        for level in (level for level in standard()["places"][listed] if level in _levels(pair)):
            *codes, name = places()[level]
            code = next((c for c in reversed(codes) if c in pair.data.columns), "")  # a converted school: by its URN
            if not code or name not in pair.data.columns:
                continue
            rows = pair.data.rows.filter(LEVEL.eq(level) & ~pl.col(code).is_in(NOWHERE)).drop_nulls([code, name])
            one, other = (name, code) if of == "name" else (code, name)
            yield from where(rows, one, pl.col(one) != pl.col(one).first().over(*when, other))

    return check


def _place_total(pair: Pair) -> Found:
    for column in (c for c in standard_columns() if c in pair.data.columns and c != pair.school_filter):
        yield from where(pair.data.rows, column, pl.col(column).is_in(standard()["total_misplaced"]))


def _region_blank(level: str) -> Check:
    """The check that rows which lie in one region name it: a place not known, or of one's own making, lies in none."""

    def check(pair: Pair) -> Found:
        codes = [c for c in places()[level][:-1] if c in pair.data.columns]
        somewhere = ~pl.any_horizontal(pl.lit(False), *(pl.col(c).is_in(NOWHERE) for c in codes)).fill_null(False)
        blank = pl.col("region_code").is_null() & pl.col("region_name").is_null()
        return where(pair.data.rows, "region_code", LEVEL.eq(level) & somewhere & blank)

    return check


def _region_absent(pair: Pair) -> Found:
    if LA in _levels(pair) and not {*places()[REGION]} & {*pair.data.columns}:
        yield Hit("region_code")


PLACE_CHECKS: dict[str, Check] = {
    **{rule: data_cells("geographic_level", broken) for rule, broken in LEVEL_CELLS.items()},
    "level_columns_missing": _level_columns_missing,
    "school_without_la": _school_without_la,
    "school_with_provider": _school_with_provider,
    "level_wants_own_file": _wants_own_file,
    "place_blank": _blank,
    "place_overfilled": _overfilled,
    "place_unknown": _place_unknown,
    "place_name_case": _name_case,
    "place_not_available": _not_available,
    "place_code_form": _code_form,
    "place_two_names": _one_each("name", "one_name"),
    "place_two_codes": _one_each("code", "one_code"),
    "place_total": _place_total,
    "region_blank": _region_blank(LA),
    "region_blank_district": _region_blank("Local authority district"),
    "region_absent": _region_absent,
}
