"""Rows of an authority with two years of five indicators, worked by hand, and the pack made of them."""

from datetime import date
from pathlib import Path

import polars as pl

from sendlab.board.content import make_content
from sendlab.board.settings import Indicator
from sendlab.disclosure.published import _published
from sendlab.metrics.cards import cards
from sendlab.schema.groups import SEND
from sendlab.schema.measures import as_measures
from sendlab.workspace import Workspace

# measure: (EHC plan, SEN support) as now, lower, upper, last year with lower and upper, nationally
FIGURES = {
    "absence": [(13.5, 12.9, 14.1, 13.2, 12.6, 13.8, 12.8), (10.2, 9.9, 10.5, 11.4, 11.1, 11.7, 10.4)],
    "persistent_absence": [(39.1, 36.0, 42.3, 35.0, 32.0, 38.1, 35.7), (30.0, 28.4, 31.7, 29.8, 28.2, 31.5, 28.3)],
    "suspension_rate": [(21.5, 16.2, 26.8, 18.0, 13.1, 22.9, 20.1), (24.9, 22.0, 27.8, 17.2, 14.9, 19.5, 21.5)],
    "permanent_exclusion_rate": [(0.31, 0.1, 0.8, 0.3, 0.1, 0.8, 0.28), (0.5, 0.3, 0.8, 0.4, 0.2, 0.7, 0.45)],
    "ks2_rwm_expected": [(9.0, 6.0, 13.3, 8.0, 5.1, 12.2, 9.0), (27.0, 24.0, 30.2, 26.0, 23.1, 29.2, 26.0)],
}


def row(measure, group, limits, **fields):
    value, lower, upper = limits
    about = cards()[measure]
    base = {
        "measure": measure, "time_period": "202425", "time_identifier": "Academic year", "place_code": "999",
        "geographic_level": "Local authority", "place_name": "Sampleton", "sen_provision": group, "numerator": 40.0,
        "denominator": 900.0, "base_subjects": 900, "value": value, "lower": lower, "upper": upper, "unit": about.unit,
        "data_to": date(2025, 7, 22),
    }  # fmt: skip
    return base | fields


def rows_of(measure):
    for group, (now, low, high, last, last_low, last_high, england) in zip(
        ("EHC plan", "SEN support"), FIGURES[measure], strict=True
    ):
        yield row(measure, group, (now, low, high))
        yield row(measure, group, (last, last_low, last_high), time_period="202324", data_to=date(2024, 7, 22))
        gap = (round(now - england, 2), round(low - england, 2), round(high - england, 2))
        yield row(measure, group, gap, comparator="Same group nationally", comparator_value=england,
                  comparator_period="202324", numerator=None, denominator=None)  # fmt: skip
        other = now / 2
        gap = tuple(round(number - other, 2) for number in (now, low, high))
        yield row(measure, group, gap, comparator="No SEN", comparator_value=other, comparator_period="202425")
    yield row(measure, "No SEN", (now / 2, now / 2 - 0.1, now / 2 + 0.1), base_subjects=9000)


def published(rows):
    return _published(as_measures(pl.DataFrame(list(rows))), audience="board", threshold=5, run_id="r1")


ALL_ROWS = [line for measure in FIGURES for line in rows_of(measure)]
INDICATORS = [Indicator(measure, SEND) for measure in FIGURES]


def space_of(root):
    """A workspace in `root` whose authority is that of the rows."""
    root = Path(root)
    return Workspace(root, "999", "Sampleton", root / "raw", root / "store", root / "reports", "sample")


def content_of(view, root, time_period="202425", **more):
    """The content of the pack of a view, in a workspace in `root`."""
    return make_content(view, space_of(root), time_period=time_period, **more)[0]
