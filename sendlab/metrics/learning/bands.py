"""Age-related bands: where pupils stand, who made and exceeded expected progress, and from which band to which.

The bands move with age: who holds one has made expected progress, who rises has exceeded it. Nobody can rise from the
top band, so those who start there are left out of who exceeds. National shares by starting band are not published;
compare with other schools of the authority.
"""

import polars as pl

from sendlab.metrics.grouping import By, either_kind
from sendlab.metrics.learning.spans import Spans, both, of, spans
from sendlab.metrics.measuring import measure_rows
from sendlab.metrics.recipes import Recipe, Share

BANDS = ("below", "towards", "at", "above")  # against age-related expectations, lowest first


@either_kind
def bands_now(
    facts: pl.DataFrame, assessments: pl.DataFrame, *, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Pupils in each age-related band at their latest judgement of the year, per 100; `item` is subject and band."""
    made = _made(facts, assessments, by)

    def recipe(subject: str, band: str) -> Recipe:
        now = pl.coalesce(of(subject, "latest"), of(subject, "start"))
        return Share("bands_now", feature=now == band, where=now.is_not_null(), eligible=of(subject, "eligible"),
                     item=f"{subject}: {band}")  # fmt: skip

    recipes = [recipe(subject, band) for subject in made.subjects for band in BANDS]
    return measure_rows(made.base, recipes, by=by, confidence=confidence)


@either_kind
def band_progress(
    facts: pl.DataFrame, assessments: pl.DataFrame, *, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Pupils who made expected progress, exceeded it, or made less, per 100 (Wilson), by starting band too.

    `item` is the subject, or the subject and the starting band. Measures: expected_progress (held the band or rose),
    exceeding_progress (rose; those who began at the top are left out), less_than_expected_progress (fell), and
    began_at_top (who could not exceed). `eligible_subjects` counts pupils without a start or a later judgement.
    """
    made = _made(facts, assessments, by)
    recipes = [one for subject in made.subjects for band in ("", *BANDS) for one in _progress(subject, band)]
    tops = [
        Share("began_at_top", feature=of(s, "start") == BANDS[-1], where=both(s), eligible=of(s, "eligible"), item=s)
        for s in made.subjects
    ]
    return measure_rows(made.base, [*recipes, *tops], by=by, confidence=confidence)


def _progress(subject: str, band: str) -> list[Recipe]:
    """Expected, exceeding and less, of all pupils of a subject or of those who began in one band."""
    rise = _place(of(subject, "latest")) - _place(of(subject, "start"))
    began = of(subject, "start") == band if band else pl.lit(True)
    eligible = of(subject, "eligible") & began
    can_exceed = (of(subject, "start") != BANDS[-1]).fill_null(True)
    item = f"{subject}: from {band}" if band else subject
    counted = both(subject) & began & rise.is_not_null()  # a band that is none of the four is not known
    recipes: list[Recipe] = [
        Share("expected_progress", feature=rise >= 0, where=counted, eligible=eligible, item=item),
        Share("less_than_expected_progress", feature=rise < 0, where=counted, eligible=eligible, item=item),
    ]
    if band != BANDS[-1]:
        recipes.append(Share("exceeding_progress", feature=rise > 0, where=counted & can_exceed,
                             eligible=eligible & can_exceed, item=item))  # fmt: skip
    return recipes


@either_kind
def band_transitions(
    facts: pl.DataFrame, assessments: pl.DataFrame, *, by: By | None = None, confidence: float = 0.95
) -> pl.DataFrame:
    """Of pupils who began in a band, those who ended in each: numerator the count, value the row percentage (Wilson).

    `item` is "reading: towards -> at". `eligible_subjects` counts those who began there, with a later judgement or not.
    """
    made = _made(facts, assessments, by)

    def recipe(subject: str, start: str, end: str) -> Recipe:
        began = of(subject, "start") == start
        return Share("band_transitions", feature=of(subject, "latest") == end, where=began & both(subject),
                     eligible=began, item=f"{subject}: {start} -> {end}")  # fmt: skip

    recipes = [recipe(subject, start, end) for subject in made.subjects for start in BANDS for end in BANDS]
    return measure_rows(made.base, recipes, by=by, confidence=confidence)


def _made(facts: pl.DataFrame, assessments: pl.DataFrame, by: By | None) -> Spans:
    return spans(facts, assessments, "band", value="age_related", by=by)


def _place(band: pl.Expr) -> pl.Expr:
    return band.replace_strict({name: place for place, name in enumerate(BANDS)}, default=None, return_dtype=pl.Int32)
