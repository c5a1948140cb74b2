"""Sentences and titles about figures, made from the same rows that charts and tables show; they state no cause."""

import polars as pl

from sendlab.disclosure.published import require_view
from sendlab.metrics.cards import Card, card, of_sen_only
from sendlab.narrate.numbers import between, format_gap, format_value, gap_between
from sendlab.narrate.rows import LEVELS, Row, View, gap_row, in_words, one_kind_of_period, one_row, or_else, rows_of
from sendlab.narrate.strength import gap_of, gap_strength, verdict
from sendlab.schema.labels import MARKS, NOT_SHOWN, people, period_name, period_text, reason
from sendlab.stats.rounding import format_number


def figure_words(row: Row | None, card: Card) -> str:
    """A figure with its count and interval, or why there is none."""
    if row is None:
        return "no figure"
    if row["value"] is None:
        return MARKS["c"] if row["status"] == "c" else reason(row["status"], row["note"])
    return f"{format_value(row['value'], card, base=row['base_subjects'])} ({_count(row, card)}, {between(row, card)})"


def _count(row: Row, card: Card) -> str:
    base = row["base_subjects"]
    if card.kind == "share" and row["numerator"] is not None and base is not None:
        return f"{format_number(row['numerator'], 0)} of {base:,} {card.counted}"
    return f"number of {card.counted} not given" if base is None else f"n = {base:,}"


def title_words(card: Card) -> str:
    """The measure's title for the middle of a sentence: KS2 keeps its capitals."""
    return card.title if card.title[1:2].isupper() else card.title[:1].lower() + card.title[1:]


@or_else(in_words)
def headline(view: View, *, measure: str, place: str, time_period: str, group: str = "SEN support") -> str:
    """One sentence: the group against No SEN, with counts, intervals, place and period."""
    rows, about = rows_of(view, measure=measure, place=place, time_period=time_period), card(measure)
    own, other = one_row(rows, group=group), one_row(rows, group="No SEN")
    when = period_text(time_period, rows["time_identifier"][0])
    start = f"{about.title}, {rows['place_name'][0]}, {when}: {people(group)} {figure_words(own, about)}"
    gap = gap_row(rows, group=group)
    shown = all(row is not None and row["value"] is not None for row in (own, other, gap))
    tail = f": {verdict(gap_strength(gap, about), 'gap')}" if shown else ""
    return f"{start}, against {people('No SEN')} {figure_words(other, about)}{tail}."


@or_else(in_words)
def gap_sentence(view: View, *, measure: str, place: str, time_period: str, group: str = "SEN support",
                 comparator: str = "No SEN") -> str:  # fmt: skip
    """One sentence on the gap of a group to a named comparator, with its interval and how sure it is."""
    rows, about = rows_of(view, measure=measure, place=place, time_period=time_period), card(measure)
    gap, when = gap_row(rows, group=group, comparator=comparator), period_text(time_period, rows["time_identifier"][0])
    start, other = f"{about.title}, {rows['place_name'][0]}, {when}", _other(comparator)
    if gap is None or gap["value"] is None:
        why = "cannot be told" if gap is None else figure_words(gap, about)
        return f"{start}: the gap between {people(group)} and {other} {why}."
    base, word = gap["base_subjects"], gap_strength(gap, about)
    side = _side(gap["value"], about) if word in ("clear", "possible") else ""
    size = f"{format_gap(gap['value'], about, base=base)} {'above' if gap['value'] >= 0 else 'below'} {other}"
    limits = gap_between(gap, about)
    return f"{start}: {people(group)} are {size} ({limits}): {verdict(word, 'gap')}{side}."


def _other(comparator: str) -> str:
    words = {
        "LA without this school": "the same group in the rest of the LA",
        "Same group nationally": "the same group nationally",
    }
    return words.get(comparator) or people(comparator)


def _direction(value: float) -> str:
    return "higher" if value > 0 else "lower" if value < 0 else "(the same)"


def _side(value: float, card: Card) -> str:
    if card.polarity == "none" or value == 0:
        return ""
    return ", for the better" if (value > 0) == (card.polarity == "high") else ", for the worse"


def change_sentence(
    view: View, *, measure: str, place: str, from_period: str, to_period: str, group: str = "SEN support"
) -> str:
    """One sentence on the change between two periods of one kind; part years and full years are not compared."""
    about, rows = card(measure), _rows_of_group(view, measure, place, group)
    start = f"{about.title}, {people(group)}"
    kinds = [set(rows.filter(pl.col("time_period") == p)["time_identifier"]) for p in (from_period, to_period)]
    if not kinds[0] & kinds[1]:
        return f"{start}: {_not_comparable((from_period, to_period), kinds)}."
    rows = one_kind_of_period(rows.filter(pl.col("time_identifier").is_in(sorted(kinds[0] & kinds[1]))))
    before, now = (rows.filter(pl.col("time_period") == p).row(0, named=True) for p in (from_period, to_period))
    text = f"{start}, {now['place_name']}: {period_name(from_period)} {figure_words(before, about)}, "
    text += f"{period_name(to_period)} {figure_words(now, about)}"
    if before["value"] is None or now["value"] is None:
        return f"{text}; the change cannot be told."
    return f"{text}; {_change_words(before, now, about)}."


def _not_comparable(periods: tuple[str, str], kinds: list[set[str]]) -> str:
    empty = [period_name(period) for period, kind in zip(periods, kinds, strict=True) if not kind]
    if empty:
        return f"no change can be told, as there are no figures for {' and '.join(empty)}"
    old, new = (f"{period_name(p)} ({', '.join(sorted(k))})" for p, k in zip(periods, kinds, strict=True))
    return f"{old} and {new} cannot be compared, as they do not cover the same part of the year"


def _rows_of_group(view: View, measure: str, place: str, group: str) -> pl.DataFrame:
    require_view(view)
    keep = (pl.col("sen_provision") == group) & (pl.col("comparator") == "")
    keep &= pl.col("geographic_level").is_in(LEVELS)
    whole = (pl.col("need_area") == "Total") & (pl.col("item") == "Total")
    return view.of(measure, place).filter(keep & whole)


def _change_words(old: Row, new: Row, card: Card) -> str:
    change = gap_of(new, old)
    assert change is not None  # whoever calls has seen both figures
    word = gap_strength(change, card)
    side = _side(change["value"], card) if word in ("clear", "possible") else ""
    size = f"{format_gap(change['value'], card, base=change['base_subjects'])} {_direction(change['value'])}"
    return f"{size} ({gap_between(change, card, ('higher', 'lower'))}): {verdict(word, 'change')}{side}"


def finding_title(view: View, *, measure: str, place: str, time_period: str, group: str = "SEN support") -> str:
    """The finding in about ten words, for the title of a chart.

    The gap to No SEN; where that is not shown, the gap to the same group nationally; else the figure alone. Of what
    only pupils with SEN have, a school's gap to the rest of the LA, else the figure.
    """
    rows, about = rows_of(view, measure=measure, place=place, time_period=time_period), card(measure)
    of_sen, own = of_sen_only(measure), one_row(rows, group=group)
    comparators = ("LA without this school",) if of_sen else ("No SEN", "Same group nationally")
    gaps = [gap_row(rows, group=group, comparator=comparator) for comparator in comparators]
    gap = next((gap for gap in gaps if gap is not None and gap["value"] is not None), None)
    if gap is not None:
        return f"{about.title}: {_gap_title(gap, group, about)}"
    if of_sen:
        return f"{about.title}, {people(group)}: {_figure_alone(own, about)}"
    if own is None or own["value"] is None:
        return f"{about.title}: no comparison of {group} and No SEN"
    return f"{about.title}: {group} {format_value(own['value'], about, base=own['base_subjects'])}, not compared"


def _figure_alone(row: Row | None, card: Card) -> str:
    """A figure without its count and interval, or why there is none."""
    if row is not None and row["value"] is not None:
        return format_value(row["value"], card, base=row["base_subjects"])
    return NOT_SHOWN if row is not None and row["status"] == "c" else figure_words(row, card)


def _gap_title(gap: Row, group: str, about: Card) -> str:
    other = "No SEN" if gap["comparator"] == "No SEN" else _other(gap["comparator"])
    word = gap_strength(gap, about)
    if word == "clear":
        size = format_gap(gap["value"], about, base=gap["base_subjects"])
        return f"{group} {size} {'above' if gap['value'] > 0 else 'below'} {other}"
    starts = {"possible": "a possible gap between", "no sign of": "no sign of a gap between"}
    return f"{starts.get(word, 'too uncertain to compare')} {group} and {other}"
