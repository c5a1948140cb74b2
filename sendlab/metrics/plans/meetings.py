"""Meetings with families: held as planned, who came, what came of them; and termly conversations with parents.

Expectation: councils' own (a structured conversation with parents each term, dates planned for the whole year; a
termly pupil progress meeting; targets from it; evidence of both kinds); SEND code of practice (2015, 6.65) for three
meetings a year. A meeting belongs to the term and school year for which it was planned. Only meetings planned up to a
day are asked to have been held.
"""

from collections.abc import Sequence
from datetime import date

import polars as pl

from sendlab.cohort import require_facts
from sendlab.metrics.grouping import PLACED, By, either_kind
from sendlab.metrics.measuring import measure_rows
from sendlab.metrics.plans.terms import beside_pupils, last_day, terms_between, whole_year
from sendlab.metrics.recipes import EVERYBODY, Ratio, Recipe, Share
from sendlab.metrics.said import not_known
from sendlab.metrics.typed import typed
from sendlab.schema.groups import FULL_YEAR, SEND, TERMS, TOTAL
from sendlab.schema.measures import no_measures

TERMLY = ("structured conversation", "pupil progress meeting")  # what is expected once a term with parents
BOTH, SENCO = "both", "SENCo"
PUPIL = ("pupil_id", "school_id")
PERIOD = ("time_period", "time_identifier")
# measure -> what is asked of a meeting that was held (missing: not noted)
OF_HELD = {
    "meetings_parents_attended": pl.col("parents_attended"),
    "meetings_pupil_attended": pl.col("pupil_attended"),
    "meetings_with_agencies": pl.col("agencies") > 0,
    "meetings_with_targets": pl.col("targets_set") > 0,
    "meetings_with_both_kinds_of_evidence": pl.col("evidence") == BOTH,
}
LED = "agency_meetings_led_by_senco"


@either_kind
def meetings_held(
    meetings: pl.DataFrame, facts: pl.DataFrame, *, by: By | None = None, as_of: date | None = None,
    confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Meetings held of those planned, and of those held: parents, pupil and agencies there, targets set, evidence.

    Measures `meetings_held`, `meetings_parents_attended`, `meetings_pupil_attended`, `meetings_with_agencies`,
    `meetings_with_targets`, `meetings_with_both_kinds_of_evidence`, and `agency_meetings_led_by_senco` (of meetings
    with an agency there). Per 100 meetings, pupils as clusters; in all and by kind of meeting (`item`); for each term
    that is over and the year so far. Meetings held about which a thing was not noted are not in its denominator; pupils
    of whom nothing was noted are eligible alone. `as_of`: default the last day on which a meeting was held.
    """
    meetings = typed(meetings, "meetings")
    last = as_of or last_day(meetings)
    if last is None:
        return no_measures()
    rows = _by_period(meetings, last)
    if rows.is_empty():
        return no_measures()
    whole = beside_pupils(_sums(rows, [*PUPIL, *PERIOD]), facts)
    of_kind = beside_pupils(_sums(rows, [*PUPIL, *PERIOD, "kind"]), facts)
    made = measure_rows(whole, _recipes(), by=by, confidence=confidence)
    kinds = measure_rows(of_kind, _recipes(), by=["kind"], confidence=confidence)
    return not_known(pl.concat([made, kinds.filter(pl.col("item") != TOTAL)]))


def _by_period(meetings: pl.DataFrame, last: date) -> pl.DataFrame:
    """Meetings planned up to a day, once for their term and once for their year, as far as terms are over."""
    planned = meetings.filter(pl.col("planned_on") <= last)
    if planned.is_empty():
        return planned.with_columns(pl.lit("").alias(name) for name in PERIOD)
    terms = terms_between(planned["planned_on"].min(), last)  # type: ignore[arg-type]
    dated = planned.join(terms, how="cross").filter(pl.col("planned_on").is_between("begins", "ends"))
    dated = dated.drop("begins", "ends")
    years = dated.join(whole_year(terms), on="time_period").with_columns(pl.col("named").alias("time_identifier"))
    return pl.concat([dated, years.drop("named")])


def _sums(rows: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """Meetings planned, held, and held with each thing asked (`x|measure` of `n|measure` that say), by a key."""
    held = pl.col("held_on").is_not_null()
    counts = [held.sum().alias("held"), pl.len().alias("planned"), pl.col("planned_on").max().alias("data_to")]
    asked = {**dict.fromkeys(OF_HELD, held), LED: held & (pl.col("agencies") > 0)}
    for measure, thing in {**OF_HELD, LED: pl.col("coordinated_by") == SENCO}.items():
        told = asked[measure].fill_null(False) & thing.is_not_null()
        counts += [(told & thing).sum().alias(f"x|{measure}"), told.sum().alias(f"n|{measure}")]
    return rows.group_by(key).agg(counts).sort(key)


def _recipes() -> list[Recipe]:
    some = pl.col("held") > 0
    agency = pl.col("x|meetings_with_agencies") > 0
    return [
        Ratio("meetings_held", top=pl.col("held"), bottom=pl.col("planned")),
        *(
            Ratio(measure, top=pl.col(f"x|{measure}"), bottom=pl.col(f"n|{measure}"), where=pl.col(f"n|{measure}") > 0,
                  eligible=agency if measure == LED else some)
            for measure in (*OF_HELD, LED)
        ),
    ]  # fmt: skip


@either_kind
def termly_conversations(
    facts: pl.DataFrame, meetings: pl.DataFrame, *, by: By | None = None, as_of: date | None = None,
    kinds: Sequence[str] = TERMLY, confidence: float = 0.95,
) -> pl.DataFrame:  # fmt: skip
    """Pupils with SEN who had a conversation in each term, with parents there, and for whom all terms are planned.

    `termly_conversation_held`, `termly_conversation_with_parents`: of pupils with SEN on the roll, for each term that
    is over and for the year so far (every one of its terms). `conversations_planned_all_year`: of the same pupils,
    those with one planned in all three terms. Pupils of schools without any such meeting on record in the year are
    eligible alone. `kinds` of meeting that count: structured conversations and pupil progress meetings.
    """
    require_facts(facts, (*PLACED, "pupil_id", "school_id", "on_roll"))
    meetings = typed(meetings, "meetings")
    last = as_of or last_day(meetings)
    some = meetings.filter(pl.col("kind").is_in(kinds))
    if last is None or some.is_empty():
        return no_measures()
    held = pl.col("held_on").is_not_null()
    talks = _in_terms(some).group_by(*PUPIL, *PERIOD).agg(
        held.any().alias("held"), pl.when(held).then("parents_attended").any(ignore_nulls=False).alias("with_parents"),
    )  # fmt: skip
    terms = terms_between(some["planned_on"].min(), last)  # type: ignore[arg-type]
    roll = facts.filter(pl.col("on_roll") & pl.col("sen_provision").is_in(SEND))
    recording = talks.select("school_id", "time_period", pl.lit(True).alias("records")).unique()
    roll = roll.join(recording, on=["school_id", "time_period"], how="left").with_columns(
        pl.col("records").fill_null(False)
    )
    return not_known(pl.concat([_of_terms(roll, talks, terms, by, confidence), _planned(roll, talks, by, confidence)]))


def _in_terms(meetings: pl.DataFrame) -> pl.DataFrame:
    """Meetings with the term and year for which they were planned, those to come included."""
    first, last = meetings["planned_on"].min(), meetings["planned_on"].max()
    terms = terms_between(first, date(last.year + 1, 8, 1))  # type: ignore[union-attr, arg-type]
    return meetings.join(terms, how="cross").filter(pl.col("planned_on").is_between("begins", "ends"))


def _of_terms(
    roll: pl.DataFrame, talks: pl.DataFrame, terms: pl.DataFrame, by: By | None, confidence: float
) -> pl.DataFrame:
    """A row a pupil on the roll and term, and one for the year: all of its terms."""
    told = pl.col("held").fill_null(False)
    parents = pl.when(told).then("with_parents").otherwise(False)
    per_term = roll.join(terms.select(*PERIOD, pl.col("ends").alias("data_to")), on="time_period").join(
        talks, on=[*PUPIL, *PERIOD], how="left"
    ).with_columns(told.alias("held"), parents.alias("with_parents"))  # fmt: skip
    every = per_term.join(whole_year(terms), on="time_period").group_by(*PUPIL, "time_period").agg(
        pl.col("held", "with_parents").all(ignore_nulls=False), pl.col("data_to").max(),
        pl.col("named").first().alias("time_identifier"),
    )  # fmt: skip
    whole = roll.join(every, on=[*PUPIL, "time_period"])
    base = pl.concat([per_term.select(whole.columns), whole])
    where = pl.col("records")
    recipes: list[Recipe] = [
        Share("termly_conversation_held", feature=pl.col("held"), where=where, eligible=EVERYBODY),
        Share("termly_conversation_with_parents", feature=pl.col("with_parents"),
              where=where & pl.col("with_parents").is_not_null(), eligible=EVERYBODY),
    ]  # fmt: skip
    return measure_rows(base, recipes, by=by, confidence=confidence)


def _planned(roll: pl.DataFrame, talks: pl.DataFrame, by: By | None, confidence: float) -> pl.DataFrame:
    years = talks.group_by(*PUPIL, "time_period").agg(pl.col("time_identifier").n_unique().alias("terms"))
    held = roll.join(talks.select("time_period").unique(), on="time_period", how="semi")
    base = held.join(years, on=[*PUPIL, "time_period"], how="left").with_columns(
        pl.lit(FULL_YEAR).alias("time_identifier")
    )
    recipe = Share("conversations_planned_all_year", feature=pl.col("terms").fill_null(0) == len(TERMS),
                   where=pl.col("records"), eligible=EVERYBODY)  # fmt: skip
    return measure_rows(base, [recipe], by=by, confidence=confidence)
