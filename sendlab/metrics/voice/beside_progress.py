"""Wellbeing beside attainment: do pupils whose wellbeing got better gain more in reading and mathematics, or less?

An association, never a cause: both may follow from a third thing, such as a new teacher or a spell out of school, and
either may lead. Measurement error in both scales draws the figure towards 0, and an authority's figure holds
differences between schools as well as those between pupils.
"""

import math
from collections.abc import Iterator
from typing import Any

import polars as pl

from sendlab.facts.starting_points import STANDARDISED, starting_points
from sendlab.metrics.cards import card
from sendlab.metrics.grouping import either_kind
from sendlab.metrics.learning.spans import one_test
from sendlab.metrics.typed import typed
from sendlab.metrics.voice.scales import SDQ, TOTAL_DIFFICULTIES, with_totals
from sendlab.metrics.voice.wellbeing import rated_pairs
from sendlab.schema.groups import FULL_YEAR, SEND, TOTAL
from sendlab.schema.measures import as_measures, no_measures
from sendlab.stats.association import Correlation, correlation

MEASURE = "wellbeing_beside_progress"
SUBJECTS = ("reading", "mathematics")
FEWEST = 10  # pupils with both changes, below which no correlation is given (project rule, 2026)
LEVELS = (("Local authority", "la_code", "la_name"), ("School", "place_code", "place_name"))
ASSOCIATION = "an association, not a cause"
ALL_ALIKE = "all pupils changed alike on one of the two scales"


@either_kind
def wellbeing_beside_progress(
    facts: pl.DataFrame, wellbeing: pl.DataFrame, assessments: pl.DataFrame, *, fewest: int = FEWEST,
    confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Correlation of pupils' change in SDQ total difficulties and in a standardised score of the same year, -1 to 1.

    Change of difficulties is taken the other way round, so above 0 pupils whose wellbeing got better gained more.
    Pearson's r with Fisher's limits, for the LA and each school, in all and for pupils with an EHC plan and on SEN
    support; `item` is the subject and who rated. `base_subjects` counts pupils with both changes, `eligible_subjects`
    all with an SDQ in the year, `denominator` the residual degrees of freedom of a line (pupils less 2). Under `fewest`
    pupils, or where all changed alike, there is no figure (x).
    """
    pairs = _with_gains(rated_pairs(facts, with_totals(typed(wellbeing, "wellbeing"))), assessments)
    rows = [row for level in LEVELS for row in _of_level(pairs, level, fewest, confidence)]
    return as_measures(pl.DataFrame(rows, infer_schema_length=None)) if rows else no_measures()


def _with_gains(pairs: pl.DataFrame, assessments: pl.DataFrame) -> pl.DataFrame:
    """A row a pupil, year, rater and subject: `better` (fall of total difficulties) and `gain` (rise of the score)."""
    totals = pairs.filter((pl.col("instrument") == SDQ) & (pl.col("scale") == TOTAL_DIFFICULTIES))
    tests = starting_points(typed(assessments, "assessments")).filter(
        (pl.col("scale") == STANDARDISED) & pl.col("subject").is_in(SUBJECTS)
    )
    gains = one_test(tests).select(
        "pupil_id", "time_period", "subject", (pl.col("latest") - pl.col("start")).alias("gain"), "latest_on"
    )
    held = gains.select("subject").unique().sort("subject")
    both = totals.join(held, how="cross").join(gains, on=["pupil_id", "time_period", "subject"], how="left")
    return both.with_columns(
        (-pl.col("change")).alias("better"), pl.format("{}, {}", "subject", "rater").alias("item"),
        pl.max_horizontal("data_to", "latest_on").alias("data_to"),
    )  # fmt: skip


def _of_level(
    pairs: pl.DataFrame, level: tuple[str, str, str], fewest: int, confidence: float
) -> Iterator[dict[str, Any]]:
    name, code, label = level
    ordered = pairs.sort("time_period", code, "item", "pupil_id")
    for _, here in ordered.group_by("time_period", code, "item", maintain_order=True):
        place = {
            "time_period": here["time_period"][0], "geographic_level": name, "place_code": here[code][0],
            "place_name": here[label][0], "item": here["item"][0],
            "education_phase": here["education_phase"][0] if name == "School" else TOTAL,
        }  # fmt: skip
        yield place | _figures(here, fewest, confidence)
        for provision in SEND:
            own = here.filter(pl.col("sen_provision") == provision)
            if own.height:
                yield place | {"sen_provision": provision} | _figures(own, fewest, confidence)


def _figures(pupils: pl.DataFrame, fewest: int, confidence: float) -> dict[str, Any]:
    """The figure of a group of pupils, or why there is none."""
    both = pupils.filter(pl.col("better").is_not_null() & pl.col("gain").is_not_null()).sort("better", "gain")
    found = correlation(both["better"].to_numpy(), both["gain"].to_numpy(), confidence=confidence)
    why = _why_none(found, fewest)
    return {
        "measure": MEASURE, "time_identifier": FULL_YEAR, "denominator": float(max(found.n - 2, 0)),
        "base_subjects": found.n, "with_subjects": found.n, "eligible_subjects": pupils["pupil_id"].n_unique(),
        "value": None if why else found.r, "lower": None if why else found.lower,
        "upper": None if why else found.upper, "unit": card(MEASURE).unit,
        "method": "Pearson's r, limits by Fisher's z", "data_to": pupils["data_to"].max(),
        "status": "x" if why else "", "note": why or ASSOCIATION,
    }  # fmt: skip


def _why_none(found: Correlation, fewest: int) -> str:
    if found.n < fewest:
        return f"fewer than {fewest} pupils with both changes"
    return ALL_ALIKE if math.isnan(found.r) else ""
