"""What stands out among interventions: which ended clearly above or below untreated pupils, by name."""

import polars as pl

from sendlab.errors import NothingToShow
from sendlab.metrics.cards import Card, card
from sendlab.narrate.numbers import between, format_value
from sendlab.narrate.rows import Row, View, in_words, or_else, rows_of
from sendlab.narrate.strength import strength
from sendlab.schema.groups import NO_ITEM, TOTAL
from sendlab.schema.labels import BULLET, NOT_SHOWN, period_name, reason

MEASURE, MOST = "intervention_gain", 5


@or_else(in_words)
def intervention_findings(view: View, *, place: str, time_period: str, most: int = MOST) -> str:
    """Interventions whose pupils ended clearly apart from untreated ones, as a printed list, the lowest gain first.

    At most `most` are told with their figures; then by name those without a clear difference, and those without a
    gain, with the reason. Never a verdict: untreated pupils are like these in score, provision and year group, and may
    differ in all else.
    """
    about, rows = card(MEASURE), rows_of(view, measure=MEASURE, place=place, time_period=time_period)
    rows = rows.filter((pl.col("comparator") == "") & ~pl.col("item").is_in([TOTAL, NO_ITEM])).sort("item")
    if rows.is_empty():
        raise NothingToShow(f"no interventions on record for {period_name(time_period)}")
    found = rows.to_dicts()
    clear = sorted((row for row in found if _clear(row)), key=lambda row: row["value"])
    lines = [_sentence(row, about) for row in clear[:most]]
    lines += [f"{len(clear) - most} more: see the chart below."] if len(clear) > most else []
    unclear = [row["item"] for row in found if row["value"] is not None and not _clear(row)]
    lines += [f"No clear difference from untreated pupils: {', '.join(unclear)}."] if unclear else []
    lines += [f"{why}: {', '.join(items)}." for why, items in _without(found).items()]
    return "\n".join(f"{BULLET}{line}" for line in lines)


def _without(rows: list[Row]) -> dict[str, list[str]]:
    """{why there is no gain: interventions}, those that are hidden first."""
    found: dict[str, list[str]] = {NOT_SHOWN.capitalize(): []}
    for row in (row for row in rows if row["value"] is None):
        why = NOT_SHOWN if row["status"] == "c" else reason(row["status"], row["note"])
        found.setdefault(why[:1].upper() + why[1:], []).append(row["item"])
    return {why: items for why, items in found.items() if items}


def _clear(row: Row) -> bool:
    return row["value"] is not None and strength(row["lower"], row["upper"]) == "clear"


def _sentence(row: Row, about: Card) -> str:
    side = "above" if row["value"] > 0 else "below"
    figure = format_value(row["value"], about, sign=True)
    told = f"{figure} (n = {row['base_subjects']:,}, {between(row, about)})"
    return f"{about.title}, {row['item']}: {told}, clearly {side} untreated pupils who began alike."
