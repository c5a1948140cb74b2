"""The query guard: what is answered, hidden and refused, attacked by counting every population that agrees with it."""

from datetime import date
from itertools import product

import numpy as np
import polars as pl
import pytest
from hand_made import ELM, OAK, facts
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sendlab import metrics
from sendlab.disclosure.guard import Log, add_to_log, answer, ask, ladder, read_log
from sendlab.disclosure.guard.counted import figures
from sendlab.disclosure.guard.known import BASE, cell_of, denominator_of
from sendlab.disclosure.guard.log import frame_of
from sendlab.disclosure.guard.nested import Nested
from sendlab.disclosure.guard.question import closed_list, group_of
from sendlab.disclosure.guard.setting import Setting
from sendlab.disclosure.guard.together import Together
from sendlab.disclosure.published import PUBLISHED_COLUMNS
from sendlab.errors import GateError, NothingToShow, SendlabError, WorkspaceProblem

TODAY = date(2026, 1, 5)
NOTHING = frame_of([])
BOARD = {"audience": "board", "threshold": 5, "today": TODAY}
YEAR, PLACE, LA = "202526", ELM["place_code"], "999"
SEXES, PROVISIONS = ("Female", "Male"), ("EHC plan", "No SEN", "SEN support")


def pupils(**counts):
    """Facts by words such as boys_ehc=4; `of_those` of each missed a tenth of their sessions or more."""
    sex, sen = {"girls": "Female", "boys": "Male"}, dict(zip(("ehc", "none", "support"), PROVISIONS, strict=True))
    rows = []
    for name, given_counts in counts.items():
        who, what = name.split("_")
        number, often = given_counts if isinstance(given_counts, tuple) else (given_counts, given_counts // 2)
        one = {"sex": sex[who], "sen_provision": sen[what], "need_area": "No broad area"}
        rows += [{**one, "possible": 100, "missed": 20 if place < often else 1} for place in range(number)]
    return facts(*rows)


def told(data, *questions, released=NOTHING, log=None, **options):
    """Answers to questions one after the other, and the log after them."""
    log, found = log or Log(), []
    for question in questions:
        given_answer = answer(question, data, released, log, **{**BOARD, **options})
        found.append(given_answer)
        log = Log((*log.entries, given_answer.entry), log.last)
    return found, log


def released(data, measure, by, hide=()):
    """Rows as if published, without those whose group labels are in `hide`."""
    rows = getattr(metrics, measure)(data, by=by).filter(
        pl.col("geographic_level").is_in(["School", "Local authority"])
    )
    made = []
    for row in rows.iter_rows(named=True):
        hidden = {row["sen_provision"], row["sex"]} & set(hide)
        gone = ("base_subjects", "denominator", "numerator", "value", "lower", "upper")
        made.append({**row, **(dict.fromkeys(gone) | {"status": "c"} if hidden else {})})
    return frame_of(made)


# ---- the worked example: 13 SEN pupils, 9 boys, 6 EHC plans, 5 boys at SEN support


WORKED = {"boys_ehc": 4, "boys_support": 5, "girls_ehc": 2, "girls_support": 2}
SEN, BOYS = ask("absence", YEAR, PLACE, sen_provision="All SEN"), {"sex": "Male", "sen_provision": "All SEN"}
EHC, BOYS_SUPPORT = (
    ask("absence", YEAR, PLACE, sen_provision="EHC plan"),
    ask("absence", YEAR, PLACE, sex="Male", sen_provision="SEN support"),
)


def shown_cells(data, *wanted):
    """Rows of single groups as earlier releases, whatever the guard would have said to them."""
    rows = []
    for group in wanted:
        inside = data.filter(*(pl.col(name).is_in(values) for name, values in group.items()))
        row = metrics.absence(inside, by=[]).filter(pl.col("geographic_level") == "School").to_dicts()[0]
        labels = {"sen_provision": "All SEN" if len(group["sen_provision"]) == 2 else group["sen_provision"][0]}
        rows.append({**row, **labels, "sex": group.get("sex", ["Total"])[0]})
    return frame_of(rows)


def test_the_worked_example_is_refused_at_the_answer_that_completes_it():
    data, both = pupils(**WORKED), ["EHC plan", "SEN support"]
    before = shown_cells(data, {"sen_provision": both}, {"sen_provision": both, "sex": ["Male"]},
                         {"sen_provision": ["EHC plan"]})  # fmt: skip
    assert before["base_subjects"].to_list() == [13, 9, 6]
    (last,), log = told(data, BOYS_SUPPORT, released=before)
    assert last.refused and last.rows.is_empty()
    assert last.offered is not None
    (instead,), _ = told(data, last.offered, released=before, log=log)
    assert not instead.refused and instead.rows["value"].null_count() == 0


def test_asked_one_by_one_the_boys_are_refused_for_the_four_girls_they_leave():
    (sen, ehc, boys, boys_support), _ = told(
        pupils(**WORKED), SEN, EHC, ask("absence", YEAR, PLACE, **BOYS), BOYS_SUPPORT
    )
    assert [one.refused for one in (sen, ehc, boys, boys_support)] == [False, False, True, True]
    assert sen.rows["base_subjects"].to_list() == [13] and ehc.rows["base_subjects"].to_list() == [6]


def test_large_groups_are_answered_with_the_metric_s_own_figures():
    data = pupils(boys_none=(60, 20), girls_none=(50, 15), boys_support=(30, 12), girls_support=(25, 10))
    (found,), _ = told(data, ask("persistent_absence", YEAR, PLACE, by=["sen_provision", "sex"]))
    exact = metrics.persistent_absence(data, by=[("sen_provision", "sex")])
    exact = exact.filter(pl.col("geographic_level") == "School")
    keys = ["sen_provision", "sex"]
    both = found.rows.sort(keys).select(*keys, "numerator", "base_subjects")
    assert both.equals(exact.sort(keys).select(*keys, "numerator", "base_subjects"))
    assert tuple(found.rows.columns) == PUBLISHED_COLUMNS
    assert found.rows.filter(pl.col("sex") == "Male")["value"].to_list() == [33.0, 40.0]


def test_a_small_group_is_hidden_with_enough_others_and_the_rest_shown():
    data = pupils(boys_none=(60, 20), boys_support=(30, 12), boys_ehc=(22, 9), girls_none=(60, 20),
                  girls_support=(30, 12), girls_ehc=(3, 1))  # fmt: skip
    (found,), _ = told(data, ask("persistent_absence", YEAR, PLACE, by=["sen_provision", "sex"]))
    state = {(row["sen_provision"], row["sex"]): row["status"] for row in found.rows.iter_rows(named=True)}
    assert not found.refused and state["EHC plan", "Female"] == "c"
    assert sum(status == "c" for status in state.values()) in (2, 3)
    hidden = found.rows.filter(pl.col("status") == "c")
    assert hidden.select("value", "numerator", "base_subjects", "denominator", "lower", "upper").to_numpy().size
    for name in ("value", "numerator", "base_subjects", "denominator", "lower", "upper"):
        assert hidden[name].null_count() == hidden.height


# ---- brute force: every population that agrees with the answers


THRESHOLD = 3
MOST = 4  # people in a cell of a random population
GRID = np.array(list(product(range(2 * MOST + 1), repeat=4)), dtype=np.int16)
CELLS = [(sex, sen) for sex in SEXES for sen in PROVISIONS[::2]]  # girls and boys, EHC plan and SEN support
QUESTIONS = [
    {"by": by, **filters}
    for by in ((), ("sex",), ("sen_provision",), ("sex", "sen_provision"))
    for filters in (
        {}, {"sex": "Male"}, {"sex": "Female"}, {"sen_provision": "EHC plan"}, {"sen_provision": "SEN support"},
        {"sex": "Male", "sen_provision": "EHC plan"}, {"sex": "Female", "sen_provision": "SEN support"},
    )
    if not set(by) & set(filters)
]  # fmt: skip
SOME = st.tuples(st.integers(0, MOST), st.integers(0, MOST)).map(lambda pair: (pair[0], min(pair)))
FOUR = st.tuples(SOME, SOME, SOME, SOME)


def populations(counts):
    """Facts of four cells with so many pupils, and so many of them persistently absent."""
    names = {"Female": "girls", "Male": "boys"}, {"EHC plan": "ehc", "SEN support": "support"}
    return pupils(**{f"{names[0][sex]}_{names[1][sen]}": pair for (sex, sen), pair in zip(CELLS, counts, strict=True)})


def inside_of(row):
    """Which of the four cells a figure takes in."""
    group = dict(group_of(row))
    return [at for at, (sex, sen) in enumerate(CELLS)
            if sex in group.get("sex", (sex,)) and sen in group.get("sen_provision", (sen,))]  # fmt: skip


def agreeing(rows, inside):
    """All (people, absent) of the four cells that agree with the figures shown: two arrays of one row a population."""
    people, absent = GRID, GRID
    for row in rows:
        cells = inside(row)
        if row["base_subjects"] is not None:
            people = people[people[:, cells].sum(axis=1) == row["base_subjects"]]
        if row["numerator"] is not None:
            absent = absent[absent[:, cells].sum(axis=1) == row["numerator"]]
    one, two = np.nonzero((absent[None, :, :] <= people[:, None, :]).all(axis=2))
    return people[one], absent[two]


def spans(counts, seen, groups):
    """{(group, with or without persistent absence): width} of counts of few people, over all agreeing populations."""
    people, absent = seen
    found = {}
    for cells in groups:
        true = [sum(counts[at][part] for at in cells) for part in (0, 1)]
        views = (true[0], people), (true[1], absent), (true[0] - true[1], people - absent)
        for place, (number, values) in enumerate(views):
            if 0 < number < THRESHOLD:
                here = values[:, cells].sum(axis=1)
                found[tuple(cells), place] = int(here.max() - here.min())
    return found


def shown_in(*frames):
    """Rows of figures that were shown."""
    rows = [row for frame in frames for row in frame.iter_rows(named=True)]
    return [row for row in rows if row["base_subjects"] is not None]


ALL_GROUPS = [
    [at for at, (sex, sen) in enumerate(CELLS) if sex in sexes and sen in sens]
    for sexes in (SEXES, *((one,) for one in SEXES))
    for sens in (PROVISIONS[::2], *((one,) for one in PROVISIONS[::2]))
]


def narrow_ones(counts, answers):
    """Counts of few people that the answers, by themselves, pin down to fewer than THRESHOLD values."""
    rows = shown_in(*(one.rows for one in answers))
    if not rows:
        return {}
    widths = spans(counts, agreeing(rows, inside_of), ALL_GROUPS)
    return {what: width for what, width in widths.items() if width < THRESHOLD - 1}


@settings(max_examples=25, deadline=None)
@given(FOUR, st.lists(st.sampled_from(QUESTIONS), min_size=2, max_size=4))
def test_no_sequence_of_answers_pins_down_a_small_group(counts, questions):
    assume(sum(people for people, _ in counts) >= THRESHOLD)
    asked = [ask("persistent_absence", YEAR, PLACE, **one) for one in questions]
    answers, _ = told(populations(counts), *asked, threshold=THRESHOLD)
    assert narrow_ones(counts, answers) == {}


def test_the_attack_finds_what_answers_without_a_guard_give_away():
    counts = [(2, 1), (2, 2), (5, 1), (4, 0)]
    data = populations(counts)
    exact = [metrics.persistent_absence(data, by=[by]).filter(pl.col("geographic_level") == "School")
             for by in ("sex", "sen_provision", ("sex", "sen_provision"))]  # fmt: skip
    widths = spans(counts, agreeing(shown_in(*exact), inside_of), ALL_GROUPS)
    assert widths and set(widths.values()) == {0}


@settings(max_examples=20, deadline=None)
@given(FOUR, st.sampled_from(["sex", "sen_provision"]), st.lists(st.sampled_from(QUESTIONS), min_size=1, max_size=3))
def test_published_figures_and_answers_together_pin_down_no_more_than_they_did_before(counts, by, questions):
    data = populations(counts)
    assume(data.height >= 2 * THRESHOLD)
    labels = dict(data[by].value_counts().iter_rows())
    # as protection would: where a group is small, another is hidden with it, or the total would tell it
    hidden = list(labels) if min(labels.values()) < THRESHOLD else []
    before = released(data, "persistent_absence", [by], hide=hidden).with_columns(
        *(pl.lit(None, dtype=pl.Float64).alias(name) for name in ("numerator", "value", "lower", "upper"))
    )
    asked = [ask("persistent_absence", YEAR, PLACE, **one) for one in questions]
    answers, _ = told(data, *asked, released=before, threshold=THRESHOLD)
    public = shown_in(before.filter(pl.col("geographic_level") == "School"))
    earlier = spans(counts, agreeing(public, inside_of), ALL_GROUPS)
    later = spans(counts, agreeing([*public, *shown_in(*(one.rows for one in answers))], inside_of), ALL_GROUPS)
    assert all(later[what] >= min(THRESHOLD - 1, earlier[what]) for what in later)


# ---- two schools and their authority


PLACED = [(school, sex) for school in (ELM, OAK) for sex in SEXES]


def two_schools(counts):
    """Facts of girls and boys at two schools."""
    rows = [
        {**school, "sex": sex, "possible": 100, "missed": 20 if place < often else 1}
        for (school, sex), (number, often) in zip(PLACED, counts, strict=True)
        for place in range(number)
    ]
    return facts(*rows)


def at_places(row):
    """Which of the four cells of two schools a figure takes in."""
    group = dict(group_of(row))
    return [at for at, (school, sex) in enumerate(PLACED)
            if row["place_code"] in (school["place_code"], LA) and sex in group.get("sex", (sex,))]  # fmt: skip


AT = st.tuples(st.sampled_from([LA, ELM["place_code"], OAK["place_code"]]),
               st.sampled_from([{}, {"by": ("sex",)}, {"sex": "Male"}, {"sex": "Female"}]))  # fmt: skip
PLACED_GROUPS = [[0, 1, 2, 3], [0, 1], [2, 3], [0], [1], [2], [3], [0, 2], [1, 3]]


@settings(max_examples=25, deadline=None)
@given(FOUR, st.lists(AT, min_size=2, max_size=5))
def test_answers_of_schools_and_their_authority_pin_down_no_small_group(counts, questions):
    data = two_schools(counts)
    assume(all(sum(pair[0] for pair in counts[at : at + 2]) for at in (0, 2)))
    asked = [ask("persistent_absence", YEAR, place, **one) for place, one in questions]
    answers, _ = told(data, *asked, threshold=THRESHOLD)
    rows = shown_in(*(one.rows for one in answers))
    if rows:
        seen = agreeing(rows, at_places)
        widths = spans(counts, seen, PLACED_GROUPS)
        assert [what for what, width in widths.items() if width < THRESHOLD - 1] == []
        for own, others in (([0, 1], [[2], [3], [2, 3]]), ([2, 3], [[0], [1], [0, 1]])):  # a school as the reader
            mine = np.array([counts[at] for at in own])
            knows = ((seen[0][:, own] == mine[:, 0]) & (seen[1][:, own] == mine[:, 1])).all(axis=1)
            widths = spans(counts, (seen[0][knows], seen[1][knows]), others)
            assert [what for what, width in widths.items() if width < THRESHOLD - 1] == []


def test_few_without_the_feature_are_not_left_over_by_two_answers():
    counts = [(0, 0), (4, 3), (4, 0), (4, 4)]  # boys: 4 of 8; all: 7 of 12; so that 1 of the 4 girls is left
    boys, everybody = ask("persistent_absence", YEAR, PLACE, sex="Male"), ask("persistent_absence", YEAR, PLACE)
    answers, _ = told(populations(counts), everybody, boys, threshold=THRESHOLD)
    assert [one.refused for one in answers] == [False, True]


def test_the_authority_less_one_school_and_a_total_do_not_give_the_girls_of_the_other():
    elm, oak = ELM["place_code"], OAK["place_code"]
    asked = [ask("persistent_absence", YEAR, LA, sex="Male"), ask("persistent_absence", YEAR, oak, by=["sex"]),
             ask("persistent_absence", YEAR, elm)]  # fmt: skip
    answers, _ = told(two_schools([(2, 0), (3, 0), (0, 0), (4, 0)]), *asked, threshold=THRESHOLD)
    assert [one.refused for one in answers] == [False, False, True]


ASH = {**ELM, "place_code": "100003", "place_name": "Ash"}
AT_THREE = [(ELM, (20, 12)), (OAK, (3, 12)), (ASH, (20, 12))]


ONE_BY_ONE = [[LA], [OAK["place_code"]], [ELM["place_code"]], [ASH["place_code"]]]


@pytest.mark.parametrize(("places", "girls_shown"), [
    (ONE_BY_ONE, {LA}), ([[place for some in ONE_BY_ONE for place in some]], {LA}),
    (ONE_BY_ONE[::-1], {ELM["place_code"], ASH["place_code"]}),
])  # fmt: skip
def test_the_authority_and_other_schools_do_not_give_the_girls_of_one_to_anybody(places, girls_shown):
    """Nor to Ash, which knows its own: beside the authority's girls those of Elm would be enough."""
    rows = [{**school, "sex": sex, "possible": 100, "missed": 1 + 19 * (at % 2)}
            for school, counts in AT_THREE for sex, number in zip(SEXES, counts, strict=True)
            for at in range(number)]  # fmt: skip
    answers, _ = told(facts(*rows), *(ask("absence", YEAR, some, by=["sex"]) for some in places))
    shown = {row["place_code"] for row in shown_in(*(one.rows for one in answers)) if row["sex"] == "Female"}
    assert shown == girls_shown


def test_what_two_groups_leave_of_a_third_is_not_given_to_the_school_that_has_most_of_it():
    """14 of the 17 pupils at SEN support who are often absent are Elm's; it would learn that three are elsewhere."""
    support = {ELM["place_code"]: (30, 14), OAK["place_code"]: (20, 1), ASH["place_code"]: (20, 2)}
    groups = {"EHC plan": (12, 6), "No SEN": (60, 20)}
    rows = [{**school, "sen_provision": provision, "possible": 100, "missed": 20 if at < often else 1}
            for school in (ELM, OAK, ASH)
            for provision, (number, often) in {**groups, "SEN support": support[school["place_code"]]}.items()
            for at in range(number)]  # fmt: skip
    asked = [ask("persistent_absence", YEAR, LA, **one)
             for one in ({}, {"sen_provision": "EHC plan"}, {"sen_provision": "No SEN"})]  # fmt: skip
    answers, _ = told(facts(*rows), *asked)
    assert [one.refused for one in answers] == [False, False, True]


def test_counts_are_taken_apart_where_they_lie_inside_one_another():
    sessions = denominator_of("absence")
    counts = {BASE: np.array([3.0]), sessions: np.array([900.0]), "absence": np.array([50.0]),
              "authorised_absence": np.array([30.0]), "unauthorised_absence": np.array([20.0])}  # fmt: skip
    parts = ["authorised_absence", "unauthorised_absence"]
    nested = Nested([*parts, "absence"], counts)
    assert nested.parts_of("absence") == parts  # all of it: there is no rest
    assert nested.parts_of(sessions) == [sessions, *parts] and nested.parts_of(BASE) == [BASE]
    assert {name: rest.tolist() for name, rest in nested.rest.items()} == {
        BASE: [3.0], sessions: [850.0], "authorised_absence": [30.0], "unauthorised_absence": [20.0]}  # fmt: skip
    leavers = Nested(["persistent_absence"], {BASE: np.array([1.0]), "persistent_absence": np.array([2.0])})
    assert leavers.parts_of(BASE) == [BASE]  # counted in the numerator and in no base: nothing is said of the two


# ---- how it is looked at


def judgement_of(data, question, *before, place=PLACE):
    """The judge of a question after earlier answers, and the cells that it would show."""
    _, log = told(data, *before)
    cells = [cell_of({**row, "guarded": True}) for one in log.entries for row in one.rows.iter_rows(named=True)]
    schools = tuple(sorted(set(data["place_code"])))
    rows = figures(question, data).filter(pl.col("place_code") == place)
    asked = [cell_of({**row, "guarded": True}) for row in rows.iter_rows(named=True)]
    setting = Setting(question, data, (question.measure,), LA, 5, lambda of: [one for one in cells if one.place == of],
                      schools)  # fmt: skip
    return Together(setting, place, asked), asked


def test_groups_asked_about_are_as_wide_as_the_standard_has_it_and_others_are_not_worked_out():
    counts = {("FSM eligible", "Female"): 3, ("FSM eligible", "Male"): 9, ("FSM not eligible", "Female"): 20,
              ("FSM not eligible", "Male"): 25}  # fmt: skip
    rows = [{**school, "fsm_status": fsm, "sex": sex, "sen_provision": "EHC plan" if at < 2 else "No SEN",
             "possible": 100, "missed": 1}
            for school in (ELM, OAK) for (fsm, sex), number in counts.items() for at in range(number)]  # fmt: skip
    fsm = ask("attendance_98", YEAR, PLACE, by=["fsm_status"])
    judge, _ = judgement_of(facts(*rows), ask("attendance_98", YEAR, PLACE, by=["sex", "sen_provision"]), fsm)
    atoms = judge.layout.atoms

    def wide(school, **group):
        inside = [atoms.member(((name, (value,)),)) for name, value in group.items()]
        mask = np.logical_and.reduce(inside) & atoms.held[atoms.at(school["place_code"])]
        return {
            goal.width
            for goal in judge.openness.goals
            if goal.scope == school["place_code"] and goal.atoms == mask.tobytes() and goal.terms == ((BASE, 1.0),)
        }

    for school in (ELM, OAK):
        assert wide(school, sex="Male", sen_provision="EHC plan") == {4.0}  # four, whom the question is about
    assert wide(ELM, fsm_status="FSM eligible", sex="Female") == {1.0}  # three, whom nobody asked about
    assert wide(ELM, fsm_status="FSM eligible") == set()  # twelve
    assert wide(OAK, fsm_status="FSM eligible", sex="Female") == set()  # what was told of Elm alone is not crossed here


@settings(max_examples=8, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 30)), min_size=6, max_size=6), st.permutations(range(8)))
def test_what_was_seen_beside_other_figures_changes_no_judgement(counts, order):
    """Every choice of three figures, one after the other and each by a judge who has seen nothing yet."""
    rows = [{**school, "sex": sex, "possible": 100, "missed": 20 if at < often else 1}
            for (school, sex), (often, rest) in zip(product((ELM, OAK, ASH), SEXES), counts, strict=True)
            for at in range(often + rest)]  # fmt: skip
    assume({(row["place_code"], row["sex"]) for row in rows} >= {(PLACE, sex) for sex in SEXES})
    data = facts(*rows)
    question = ask("persistent_absence", YEAR, PLACE, by=["sex"])
    judge, cells = judgement_of(data, question, ask("persistent_absence", YEAR, LA, by=["sex"]))
    for chosen in order:
        shown = [cell for at, cell in enumerate(cells) if chosen >> at & 1]
        fresh, _ = judgement_of(data, question, ask("persistent_absence", YEAR, LA, by=["sex"]))
        assert (judge.quick(shown), judge.safe(shown)) == (fresh.quick(shown), fresh.safe(shown))


# ---- what a refusal says


def margins_alike(girls_ehc):
    """Populations that differ in the crossed groups and in no total by sex or by provision."""
    return pupils(girls_ehc=(girls_ehc, 1), boys_ehc=(16 - girls_ehc, 6), girls_support=(24 - girls_ehc, 9),
                  boys_support=(20 + girls_ehc, 8), girls_none=(50, 12), boys_none=(50, 12))  # fmt: skip


@pytest.mark.parametrize("asked", [
    ask("absence", YEAR, PLACE, sex="Female", sen_provision="EHC plan"),
    ask("absence", YEAR, PLACE, by=["sex"], sen_provision="EHC plan"),
    ask("persistent_absence", YEAR, PLACE, by=["sex"], sen_provision="EHC plan", nc_year="6"),
])  # fmt: skip
def test_a_refusal_reads_the_same_whatever_the_hidden_count(asked):
    texts = set()
    for hidden in (1, 2, 3, 4):
        data = margins_alike(hidden)
        before = pl.concat([released(data, name, ["sex", "sen_provision"]) for name in ("absence",)])
        (found,), _ = told(data, asked, released=before)
        assert found.refused
        texts.add((found.text, found.offered))
    assert len(texts) == 1


def test_a_refusal_names_what_was_asked_why_and_what_to_run_and_no_count():
    data = margins_alike(2)
    asked = ask("absence", YEAR, PLACE, by=["sex"], sen_provision="EHC plan")
    (found,), log = told(data, asked, released=released(data, "absence", ["sex", "sen_provision"]))
    assert found.text.splitlines() == [
        "Not answered for audience board: Overall absence rate, 2025/26, by sex, SEN provision EHC plan, at 100001.",
        "Why: together with figures released before, a group of fewer than 5 pupils could be worked out.",
        'Next step: ask("absence", "202526", "100001", sen_provision="EHC plan")',
    ]
    (instead,), _ = told(data, eval(found.offered.code(), {"ask": ask}), log=log,
                         released=released(data, "absence", ["sex", "sen_provision"]))  # fmt: skip
    assert not instead.refused and instead.rows["base_subjects"].to_list() == [16]


def test_what_nobody_has_a_figure_of_was_not_collected_and_is_no_refusal():
    data = pupils(girls_none=20, boys_none=20)
    with pytest.raises(NothingToShow, match="no figures of 'Suspension rate' for 2025/26: none were collected"):
        told(data, ask("suspension_rate", YEAR, PLACE, by=["sex"]))
    elsewhere = pl.concat([data, facts({**OAK, "pupil_id": "other", "events": 1})])
    (found,), _ = told(elsewhere, ask("suspension_rate", YEAR, PLACE, by=["sex"]))
    assert found.refused  # of one place it is told by no answer who has figures


def test_without_releases_the_total_of_the_authority_is_offered():
    (found,), _ = told(pupils(girls_ehc=2, boys_ehc=2), ask("absence", YEAR, PLACE, by=["sex"]))
    assert found.refused and found.offered == ask("absence", YEAR, LA)


# ---- the ladder


def test_the_ladder_goes_to_areas_and_key_stages_first_then_drops_then_to_the_authority():
    rungs = ladder(ask("absence", YEAR, PLACE, by=["sen_primary_need", "nc_year"], sex="Male"), LA)
    first = [rung.code() for rung in rungs[:6]]
    begin = f'ask("absence", "{YEAR}", '
    assert first == [
        begin + '"100001", by=["need_area", "nc_year"], sex="Male")',
        begin + '"100001", by=["sen_primary_need", "key_stage"], sex="Male")',
        begin + '"100001", by=["sen_primary_need"], sex="Male")',
        begin + '"100001", by=["nc_year"], sen_provision="All SEN", sex="Male")',
        begin + '"100001", by=["sen_primary_need", "nc_year"])',
        begin + '"999", by=["sen_primary_need", "nc_year"], sex="Male")',
    ]
    assert rungs[-1].by == () and len(set(rungs)) == len(rungs)


def test_key_stages_and_needs_are_answered_under_their_columns():
    rows = [{"sex": "Male", "sen_provision": "SEN support", "need_area": area, "nc_year": year, "possible": 100,
             "missed": 20 if place < 6 else 1}
            for area in closed_list("need_area")[:2] for year in ("2", "6") for place in range(14)]  # fmt: skip
    (bands, areas), _ = told(facts(*rows), ask("persistent_absence", YEAR, PLACE, by=["key_stage"]),
                             ask("persistent_absence", YEAR, PLACE, by=["need_area"]))  # fmt: skip
    assert dict(bands.rows.select("nc_year", "base_subjects").iter_rows()) == {
        "Total": 56, "Key stage 1": 28, "Key stage 2": 28,
    }  # fmt: skip
    assert set(areas.rows["sen_provision"]) == {"All SEN"} and areas.rows["base_subjects"].to_list() == [28, 28, 56]


# ---- audiences and the log


def test_a_school_sees_its_own_small_groups_plainly_and_the_board_does_not():
    data = pl.concat([pupils(girls_ehc=(3, 1), boys_ehc=(4, 1))])
    asked = ask("persistent_absence", YEAR, PLACE, by=["sex"])
    (own,), _ = told(data, asked, audience="school", own_place=PLACE)
    assert own.rows["numerator"].to_list() == [1, 1, 2] and own.rows["value"].null_count() == 3
    assert told(data, asked)[0][0].refused


def test_an_answer_given_before_is_given_again_though_the_data_changed(tmp_path):
    path, asked = tmp_path / "log.jsonl", ask("absence", YEAR, PLACE)
    first = answer(asked, pupils(girls_none=30), NOTHING, read_log(path), **BOARD)
    digest = add_to_log(path, first.entry)
    again = answer(asked, pupils(girls_none=99), NOTHING, read_log(path), **{**BOARD, "today": date(2026, 2, 1)})
    assert again.rows.equals(first.rows) and again.text == first.text and again.entry.on == TODAY
    assert add_to_log(path, again.entry) == digest and len(read_log(path).entries) == 1


def test_what_was_answered_is_known_to_the_next_question(tmp_path):
    path, data = tmp_path / "log.jsonl", pupils(**WORKED)
    for asked in (SEN, EHC, BOYS_SUPPORT):
        add_to_log(path, answer(asked, data, NOTHING, read_log(path), **BOARD).entry)
    log = read_log(path)
    assert [entry.refused for entry in log.entries] == [False, False, True]
    assert len(log.of("school", PLACE)) == 3 and log.of("public", "") == log.entries


def test_a_log_that_was_changed_is_refused(tmp_path):
    path = tmp_path / "log.jsonl"
    for asked in (ask("absence", YEAR, PLACE), ask("severe_absence", YEAR, PLACE)):
        add_to_log(path, answer(asked, pupils(girls_none=30), NOTHING, read_log(path), **BOARD).entry)
    lines = path.read_text(encoding="utf-8").splitlines()
    for changed in ([lines[1]], [lines[0].replace("board", "school"), lines[1]], [*lines, "{}"]):
        path.write_text("\n".join(changed) + "\n", encoding="utf-8")
        with pytest.raises(WorkspaceProblem, match="not as it was written"):
            read_log(path)


@pytest.mark.parametrize(("options", "fault"), [
    ({"audience": "public"}, GateError), ({"audience": "school"}, GateError), ({"threshold": 1}, GateError),
    ({"own_place": PLACE}, GateError),
])  # fmt: skip
def test_audiences_that_are_not_there_are_refused(options, fault):
    with pytest.raises(fault):
        told(pupils(girls_none=30), ask("absence", YEAR, PLACE), **options)


@pytest.mark.parametrize("wrong", [
    lambda: ask("abscence", YEAR, PLACE), lambda: ask("absence", YEAR, PLACE, by=["shoe_size"]),
    lambda: ask("absence", YEAR, PLACE, sex="Boys"), lambda: ask("absence", YEAR, PLACE, by=["sex"], sex="Male"),
    lambda: ask("absence", YEAR, []), lambda: told(pupils(girls_none=9), ask("absence", YEAR, "000000")),
    lambda: told(pupils(girls_none=9), ask("absence", "199900", PLACE)),
])  # fmt: skip
def test_what_cannot_be_asked_says_what_can(wrong):
    with pytest.raises(SendlabError) as caught:
        wrong()
    assert caught.value.next_step


# ---- measures that are tied to each other, and other kinds


def test_parts_of_absence_that_leave_few_pupils_by_subtraction_are_refused():
    data = pupils(girls_none=30, boys_none=30)
    few = pl.int_range(pl.len()) < 2
    data = data.with_columns(
        sessions_unauthorised=pl.when(few).then(6.0).otherwise(0.0).cast(data.schema["sessions_unauthorised"])
    )
    absence, authorised, unauthorised = (
        ask(name, YEAR, PLACE) for name in ("absence", "authorised_absence", "unauthorised_absence")
    )
    (first, second, third), _ = told(data, absence, authorised, unauthorised)
    assert [one.refused for one in (first, second, third)] == [False, True, True]


def test_the_sum_behind_a_mean_is_not_shown():
    (found,), _ = told(pupils(girls_none=30, boys_none=30), ask("sessions_affordable", YEAR, PLACE, by=["sex"]))
    assert found.rows["value"].null_count() == 0 and found.rows["numerator"].null_count() == 3


def test_figures_released_from_other_data_leave_nothing_to_judge():
    before = released(pupils(girls_ehc=30, boys_ehc=30, girls_none=30, boys_none=30), "absence", ["sen_provision"])
    now = pupils(girls_ehc=3, boys_ehc=8, girls_none=30, boys_none=30)
    (found,), _ = told(
        now,
        ask("absence", YEAR, PLACE, by=["sen_provision", "sex"]),
        released=before.with_columns(
            base_subjects=pl.when(pl.col("sen_provision") == "Total").then(9).otherwise("base_subjects")
        ),
    )
    assert found.refused


def test_places_are_judged_each_and_one_that_is_refused_hides_all_its_rows():
    elm = pupils(girls_none=(30, 10), boys_none=(30, 10))
    oak = pupils(girls_none=(2, 1), boys_none=(4, 2)).with_columns(
        *(pl.lit(value).alias(name) for name, value in OAK.items())
    )
    (found,), _ = told(pl.concat([elm, oak]), ask("absence", YEAR, [PLACE, OAK["place_code"]], by=["sex"]))
    hidden = dict(found.rows.group_by("place_code").agg((pl.col("status") == "c").all()).iter_rows())
    assert hidden == {PLACE: False, OAK["place_code"]: True}
