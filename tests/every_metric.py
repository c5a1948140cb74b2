"""Every metric there is, found by looking, with the tables that each takes; and facts made up for properties.

A metric is a public function of a module of `sendlab.metrics` that takes a frame and gives measure rows. A parameter
is a table of the same name unless TABLE_OF says which; a new name without a table fails, and asks to be put there.
"""

import importlib
import inspect
import pkgutil
from dataclasses import dataclass
from types import MappingProxyType

import polars as pl
from hand_made import ELM, FACTS, OAK, facts, table
from hypothesis import strategies as st

from sendlab import metrics, store
from sendlab.facts import SLUGS, make_facts, make_periods
from sendlab.schema import MEASURE_COLUMNS, TABLES
from sendlab.schema.groups import NEED_AREAS, SEN_PROVISION

TABLE_OF = {
    "requests": "ehc_requests", "records": "behaviour", "reference": "progress_reference",
    "placements": "alternative_provision", "links": "school_links", "notes": "observations", "register": "sen_register",
    "hours": "staff_deployment", "courses": "staff_training", "seen": "lesson_observations",
    "ratings": "self_evaluation", "offer": "local_offer", "plan": "actions", "catalogue": "intervention_catalogue",
}  # fmt: skip
OF_EHC = {"plans": "ehc_plans", "placements": "ehc_placements"}  # in the modules of `ehc`
LA_NAMES = {"la_code": "999", "la_name": "Trialshire (invented)"}
# Made of what other metrics give, not of tables: their own tests hold them.
OF_METRICS = ("informal_exclusion_signals", "intervention_cost_per_point")


@dataclass(frozen=True)
class Metric:
    """A metric function and the names of what it must be given."""

    name: str
    function: object
    module: str
    needs: tuple[str, ...]

    def __call__(self, given, **options):
        """Measure rows, of frames by name of parameter."""
        first, *others = self.frames
        return self.function(given[first], **{name: given[name] for name in others}, **self.named, **options)

    @property
    def frames(self):
        return tuple(name for name in self.needs if name not in LA_NAMES)

    @property
    def named(self):
        return {name: LA_NAMES[name] for name in self.needs if name in LA_NAMES}

    @property
    def takes_by(self):
        return "by" in inspect.signature(self.function).parameters

    def given(self, frames):
        """Its frames by name of parameter, of frames by name of table."""
        return {name: frames[self.table_of(name)] for name in self.frames}

    def table_of(self, parameter):
        """The declared table that a parameter is, or the parameter's own name where it is none (facts, places)."""
        named = {**TABLE_OF, **OF_EHC} if self.module.startswith("ehc.") else TABLE_OF
        return named.get(parameter, parameter)


def _metrics():
    for found in pkgutil.walk_packages(metrics.__path__, f"{metrics.__name__}."):
        if not found.ispkg:
            for name, function in vars(importlib.import_module(found.name)).items():
                own = getattr(function, "__module__", "") == found.name and not name.startswith("_")
                if own and inspect.isfunction(function) and _is_metric(function):
                    yield Metric(name, function, found.name.removeprefix(f"{metrics.__name__}."), _needs(function))


def _is_metric(function):
    """Wrapped by `either_kind`, frame in and frame out."""
    signature = inspect.signature(function)
    first = next(iter(signature.parameters.values()), None)
    frames = first is not None and first.annotation is pl.DataFrame and signature.return_annotation is pl.DataFrame
    return frames and hasattr(function, "__wrapped__")


def _needs(function):
    return tuple(p.name for p in inspect.signature(function).parameters.values() if p.default is p.empty)


EVERY = MappingProxyType({one.name: one for one in _metrics() if one.name not in OF_METRICS})
PERIODS = ("before",)  # facts of an earlier period
MADE_UP = ("facts", "reference", *PERIODS)  # what can be made up here
OF_FACTS = {name: one for name, one in EVERY.items() if "facts" in one.needs and set(one.needs) <= set(MADE_UP)}
OF_TABLES = {name: one for name, one in EVERY.items() if name not in OF_FACTS}


def gives_measures(rows):
    return list(rows.columns) == list(MEASURE_COLUMNS)


# ---- facts made up

YEARS = ("202425", "202526")
DATA = [  # what is known of a pupil's year besides who the pupil is; all else says who, where and in which group
    name for name in FACTS
    if name.startswith(("sessions_", "attendance_status", "suspension", "permanent_", "ks1_", "ks2_", "reading_",
                        "writing_", "mathematics_"))
]  # fmt: skip
CODES = ("code_I", "code_C2", "code_B")
REASONS = ("reason_PP", "reason_DB")


def _attendance(possible, authorised, unauthorised, ill, codes):
    missed = min(authorised, possible)
    made = {"sessions_possible": possible, "sessions_authorised": missed,
            "sessions_unauthorised": min(unauthorised, possible - missed), "attendance_status": ""}  # fmt: skip
    return made | ({"code_I": min(ill, missed), "code_C2": min(missed, 3), "code_B": 2} if codes else {})


def _events(suspensions, permanent, sessions, lengths, at):
    known = min(lengths, suspensions)
    splits = {f"{kind}_at_{slug}": 0 for kind in ("suspensions", "permanent_exclusions") for slug in SLUGS.values()}
    return splits | {
        "suspensions": suspensions, "permanent_exclusions": permanent, f"suspensions_at_{at}": suspensions,
        f"permanent_exclusions_at_{at}": permanent, "suspensions_with_length": known,
        "suspension_sessions": known * sessions, "suspensions_part_day": known if sessions == 1 else 0,
        "reason_PP": suspensions, "reason_DB": min(1, suspensions),
    }  # fmt: skip


def _results(reading, writing, mathematics, points, first, last):
    """Key stage 2 as facts hold it: a subject without a result has nothing; below the tests there is no score."""
    made = {"ks1_points": points, "reading_first": first, "reading_last": last}
    for subject, result in {"reading": reading, "writing": writing, "mathematics": mathematics}.items():
        if result is not None:
            score, code = result
            reached = score or {"EXS": 105, "GDS": 115}.get(code, 80)
            made |= {f"ks2_{subject}_met": reached >= 100, f"ks2_{subject}_higher": reached >= 110,
                     f"ks2_{subject}_score": score, f"ks2_{subject}_outcome": code}  # fmt: skip
    return made


_small = st.integers(0, 4)
_score = st.one_of(st.none(), st.integers(80, 120).map(float))
_test = st.sampled_from([None, (None, "PK3"), (80.0, "NS"), (97.0, "NS"), (104.0, "AS"), (112.0, "AS"), (120.0, "AS")])
_teacher = st.sampled_from([None, (None, "EM"), (None, "WTS"), (None, "EXS"), (None, "GDS")])
_pupil = st.fixed_dictionaries(
    {
        "school": st.sampled_from([ELM, ELM, OAK]), "time_period": st.sampled_from([*YEARS[1:], *YEARS]),
        "sen_provision": st.sampled_from(SEN_PROVISION), "need_area": st.sampled_from([None, *NEED_AREAS[:3]]),
        "sex": st.sampled_from(["Male", "Female"]), "fsm_status": st.sampled_from(["FSM eligible", "FSM not eligible"]),
        "nc_year": st.sampled_from(["5", "6"]), "age_at_31_august": st.sampled_from([10, 10, 10, 4, None]),
        "on_roll": st.sampled_from([True, True, True, False]),
    }
)  # fmt: skip
_data = st.tuples(
    st.one_of(st.none(), st.builds(_attendance, st.integers(0, 190), st.integers(0, 60), st.integers(0, 30),
                                   st.integers(0, 20), st.booleans())),
    st.one_of(st.none(), st.builds(_events, _small, st.integers(0, 1), st.integers(1, 6), _small,
                                   st.sampled_from(list(SLUGS.values())))),
    st.one_of(st.none(), st.builds(_results, _test, _teacher, _test, _score.map(lambda s: s and s - 77), _score,
                                   _score)),
)  # fmt: skip
PUPILS = st.lists(st.tuples(_pupil, _data), min_size=1, max_size=14)
COLUMNS = {**FACTS, **dict.fromkeys(CODES, pl.Float64), **dict.fromkeys(REASONS, pl.Int64)}


def facts_made_up(pupils, prefix="p", **common):
    """Facts of pupils drawn from PUPILS; `common` overrides what is drawn (another year, another place)."""
    rows = []
    for number, (who, data) in enumerate(pupils):
        place = common.get("school", who["school"])
        row = {**{k: v for k, v in who.items() if k != "school"}, **place, "pupil_id": f"{prefix}{number}"}
        row |= {k: v for part in data if part for k, v in part.items()}
        rows.append(row | {k: v for k, v in common.items() if k != "school"})
    made = facts(*({k: v for k, v in row.items() if k in FACTS} for row in rows), **TERMS_KNOWN)
    extra = [pl.Series(name, [row.get(name) for row in rows], dtype=COLUMNS[name]) for name in (*CODES, *REASONS)]
    return made.with_columns(extra)


TERMS_KNOWN = {name: ["Autumn term", "Spring term", "Summer term"] for name in ("attendance_terms", "event_terms")}
REFERENCE = table(
    "progress_reference",
    *({"time_period": year, "subject": subject, "group": group, "points_from": 10.0 * group,
       "points_to": 10.0 * group + 10, "mean_score": 95.0 + group, "national_sd": 6.1, "source": "invented"}
      for year in YEARS for subject in ("reading", "mathematics") for group in range(5)),
)  # fmt: skip


WITH_EVERYTHING = (
    {"school": OAK, "time_period": YEARS[1], "sen_provision": "EHC plan", "need_area": NEED_AREAS[0], "sex": "Male",
     "fsm_status": "FSM eligible", "nc_year": "6", "age_at_31_august": 10, "on_roll": True},
    (_attendance(190, 20, 5, 10, True), _events(2, 1, 3, 2, "no_sen"),
     _results((104.0, "AS"), (None, "EXS"), (112.0, "AS"), 20.0, 95.0, 99.0)),
)  # fmt: skip


# Every school and year with a pupil on the roll who has everything, twice (so that every second may go).
ROLLS = [
    ({**WITH_EVERYTHING[0], "school": school, "time_period": year}, WITH_EVERYTHING[1])
    for school in (ELM, OAK) for year in YEARS for _ in range(2)
]  # fmt: skip


def given_facts(made):
    """What the metrics of facts are given: facts, the reference, and an earlier period in which all missed less."""
    less = made.with_columns((pl.col("sessions_authorised") / 2).floor())
    return {"facts": made, "reference": REFERENCE, "before": less}


# ---- the sample

PLACES = ["school_id", "place_code", "place_name", "education_phase", "la_code", "la_name"]


def sample_given(workspace):
    """The tables of the sample workspace, and what is made of them: facts, periods, ..."""
    tables = {name: store.read_table(workspace / "store", name) for name in TABLES if name != "sessions"}
    made = make_facts(tables, **LA_NAMES)
    places = made.select(PLACES).unique(maintain_order=True)
    return {**tables, "facts": made, "periods": make_periods(tables), "places": places, "sent_home": sent_home(made)}


def sent_home(made):
    """Rows as `sent_home_days` makes them of session registers."""
    mornings = pl.col("sessions_possible").fill_null(0) // 2
    return made.select(
        "pupil_id", "school_id", "time_period", mornings=mornings, afternoons_away=mornings // 9,
        friday_mornings=mornings // 5, fridays_away=mornings // 40,
    )  # fmt: skip
