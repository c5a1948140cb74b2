"""What changed since the last pack: new data, revised figures, methods and bands, and moves between colours."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import polars as pl

from sendlab.board.entries import value_text
from sendlab.board.issued import KEY, Figure, Issue
from sendlab.board.ratings import WORDS
from sendlab.board.scorecard import Row
from sendlab.metrics.cards import card, cards
from sendlab.narrate.rows import of_everybody_else
from sendlab.schema.groups import TOTAL
from sendlab.schema.labels import day_name, period_text


@dataclass(frozen=True)
class Changes:
    """What a board should know before it compares two packs; `since` is the day of the last one, "" for the first."""

    since: str = ""
    data: tuple[str, ...] = ()
    revised: tuple[str, ...] = ()
    method: tuple[str, ...] = ()
    ratings: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """Every line, moves between colours first, then the data that explain what was revised."""
        return (*self.ratings, *self.data, *self.revised, *self.method)


def changes_since(last: Issue | None, this: Issue) -> Changes:
    """What is otherwise in `this` pack than in the last one."""
    if last is None:
        return Changes()
    return Changes(
        since=day_name(date.fromisoformat(last.issued)),
        data=tuple(_data(last, this)),
        revised=tuple(_revised(last, this)),
        method=tuple(_method(last, this)),
        ratings=tuple(_moves(last, this)),
    )


def _data(last: Issue, this: Issue) -> Iterator[str]:
    """Indicators that reach further than before, then how many files came or were changed."""
    before = {(each.measure, each.group): each for each in last.now}
    for days, names in _reach(before, this).items():
        yield f"Data now to {days[1]}, were to {days[0]}: {_listed(names)}"
    new = [name for name in this.files if name not in last.files]
    gone = [name for name in last.files if name not in this.files]
    changed = [name for name, mark in this.files.items() if last.files.get(name, mark) != mark]
    counts = {"new": new, "changed": changed, "taken out": gone}
    if told := [f"{len(names)} {word}" for word, names in counts.items() if names]:
        yield f"Files: {', '.join(told)}"


def _reach(before: dict[tuple[str, str], Figure], this: Issue) -> dict[tuple[str, str], list[str]]:
    """{(day before, day now): titles of indicators whose data reach further}."""
    found: dict[tuple[str, str], list[str]] = {}
    for figure in this.now:
        old = before.get((figure.measure, figure.group))
        if old is None or not (old.data_to and figure.data_to) or old.data_to == figure.data_to:
            continue
        days = tuple(day_name(date.fromisoformat(day)) for day in (old.data_to, figure.data_to))
        titles = found.setdefault((days[0], days[1]), [])
        if (title := card(figure.measure).title) not in titles:
            titles.append(title)
    return found


def _revised(last: Issue, this: Issue) -> Iterator[str]:
    """Figures of a period that the last pack showed already, and that are otherwise now: late or corrected files.

    The scorecard's one by one, the authority's others as a number for each measure, those of schools as a number for
    each school, by name.
    """
    if last.rows.is_empty() or this.rows.is_empty():
        return
    both = this.rows.join(last.rows.select(*KEY, "value", "status"), on=KEY, suffix="_before")
    other = both.filter(pl.col("value").ne_missing(pl.col("value_before")))
    authority = other.filter(pl.col("geographic_level") == "Local authority")
    for row in authority.filter(_of_the_scorecard(this)).iter_rows(named=True):
        before = {**row, "value": row["value_before"], "status": row["status_before"]}
        period = period_text(row["time_period"], row["time_identifier"])
        texts = [value_text(each, card(row["measure"])) for each in (before, row)]
        yield f"{_name_of(row)}, {period}: {texts[0]} in the last pack, {texts[1]} now"
    others = authority.filter(~_of_the_scorecard(this)).group_by("measure").len()
    for measure, count in sorted(others.iter_rows()):
        yield f"{card(measure).title}: {_figures(count)} of the authority revised"
    schools = other.filter(pl.col("geographic_level") == "School")
    in_both = schools.filter(pl.col("value").is_not_null() & pl.col("value_before").is_not_null())
    for name, count in in_both.group_by("place_name").len().sort("place_name").iter_rows():
        yield f"{name}: {_figures(count)} of the last pack revised"
    if hidden := schools.filter(pl.col("value").is_null()).height:
        yield f"Figures of schools no longer shown, to protect pupils: {hidden}"


def _figures(count: int) -> str:
    return f"{count} figure{'s' if count > 1 else ''}"


def _of_the_scorecard(this: Issue) -> pl.Expr:
    """Rows of the groups that the scorecard has, broken down by nothing else."""
    lines = [f"{each.measure}, {each.group}" for each in this.now]
    whom = pl.when(pl.col("item") == TOTAL).then("sen_provision").otherwise(
        pl.concat_str("sen_provision", pl.lit(": "), "item")
    )  # fmt: skip
    alone = (pl.col("need_area") == TOTAL) & of_everybody_else()
    return alone & pl.concat_str("measure", pl.lit(", "), whom).is_in(lines)


def _name_of(row: Row) -> str:
    whom = row["sen_provision"] if row["item"] == TOTAL else f"{row['sen_provision']}: {row['item']}"
    return _named(row["measure"], whom)


def _method(last: Issue, this: Issue) -> Iterator[str]:
    """Definitions, rules of publication and bands that are not what they were."""
    shown = {figure.measure for figure in this.now}
    redefined = [card(name).title for name in cards()
                 if name in shown and last.definitions.get(name) not in (None, this.definitions.get(name))]  # fmt: skip
    if redefined:
        yield f"Definition changed: {_listed(redefined)}"
    if last.settings != this.settings:
        yield f"Rules of publication: {this.settings} Before: {last.settings}"
    moved = [name for name, bands in this.bands.items() if last.bands.get(name, bands) != bands]
    if moved:
        yield f"Target or bands changed: {_listed([_named(*name.split(', ', 1)) for name in moved])}"
    added, dropped = (sorted(set(a) - set(b)) for a, b in ((this.bands, last.bands), (last.bands, this.bands)))
    for word, names in (("New on the scorecard", added), ("No longer on the scorecard", dropped)):
        if names:
            yield f"{word}: {_listed([_named(*name.split(', ', 1)) for name in names])}"


def _moves(last: Issue, this: Issue) -> Iterator[str]:
    before = {(each.measure, each.group): each.rating for each in last.now}
    for figure in this.now:
        old = before.get((figure.measure, figure.group), "")
        if old and figure.rating and old != figure.rating:
            yield f"{_name(figure)}: {WORDS[old]} in the last pack, {WORDS[figure.rating]} now"


def _name(figure: Figure) -> str:
    return _named(figure.measure, figure.group)


def _named(measure: str, group: str) -> str:
    title = card(measure).title if measure in cards() else measure
    return title if group == TOTAL else f"{title}, {group.removeprefix(f'{TOTAL}: ')}"


def _listed(names: list[str]) -> str:
    return "; ".join(names)
