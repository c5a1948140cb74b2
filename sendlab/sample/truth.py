"""What is planted in the sample, in words and as data, so that a measure can be held against it."""

from typing import Any

import polars as pl

from sendlab.sample.settings import SCHOOL_YEARS, period, settings
from sendlab.sample.trials import WHOLE_SCHOOLS_FROM

SURE = 2.5  # spreads: a size of at least so many has its sign in one year's figure, whatever the draw
EACH_YEAR, TOGETHER, BY_STATUS = "each year's figure", "the years together", "status"
SCHOOLS, IN_TABLES = "figures of the schools", "tables"

_MAINTEXT = """# What is planted in this sample

{area} does not exist: LA code {code} is not allotted, schools, pupils, UPNs and results are made up by
`sendlab.sample` from seed {seed}. "{nation}" is invented too. Rates lie near England's published level
so that figures look right, but no figure here is a result of any real place. One exception is meant: a resourced
provision for hearing and sight at Birch lets more pupils with an EHC plan reach the expected standard than in England.

Each line is a truth of the rules by which the sample is made. One sample is one draw: a figure lies about its truth
as its interval says. A size is the mean over many seeds of what the measure sees in one year, not the value that this
draw happens to show; the spread is the standard deviation between seeds at 1,500 pupils. The true effect of an
intervention is what it adds to the score of those who take part: where it is not the size, the measure is misled.
"Shown by" says where to look: a size under {sure:g} spreads is beyond one year's figure, and shows in the years
together; a truth that no measure shows stands in the tables named. `truth.json` holds the same for programs.

| truth | measure | place | group | item | compared with | expected | size | spread | true effect | shown by |
|---|---|---|---|---|---|---|---|---|---|---|
{rows}

## In words

{words}
- **years**: KS1 to KS2 progress can be had for 2025/26 only and Progress 8 for 2023/24 only: the cohorts of the other
  years took no tests two key stages before, because of the pandemic.
"""


def _place(schools: pl.DataFrame, key: str) -> dict[str, str]:
    """The columns of a measure row that name the school with this key (the authority with an empty key)."""
    area = settings()["area"]
    if not key:
        return {"geographic_level": "Local authority", "place_code": area["la_code"], "place_name": area["la_name"]}
    row = schools.filter(key=key).row(0, named=True)
    return {"geographic_level": "School", "place_code": row["school_urn"], "place_name": row["school_name"]}


def _year(year: int) -> str:
    """The name of a year for a reader: 2023/24."""
    return f"{period(year)[:4]}/{period(year)[4:]}"


def _truth(name: str, place: dict[str, str], **fields: Any) -> dict[str, Any]:
    """One truth; what is not said takes its default."""
    size, spread = fields.get("size"), fields.get("seed_sd")
    plain = {"time_periods": [period(year) for year in range(SCHOOL_YEARS)], "sen_provision": "Total",
             "need_area": "Total", "item": "Total", "comparator": "", "direction": "none", "size": None,
             "seed_sd": None, "effect": None, "unit": "", "status": "", "shown_by": EACH_YEAR}  # fmt: skip
    if size and spread and abs(size) < SURE * spread:
        plain["shown_by"] = TOGETHER
    return {"truth": name, **place, **plain, **fields}


_OTHERS = "mean of the other schools"  # what a size is a distance from, where no gap row says it

_CHOSEN = {
    "random": "those who take part were chosen at random among pupils with SEN support, whatever their score.",
    "low score": "those who take part were chosen for an autumn score under {below}: a low score is partly bad luck on "
    "the day, so they gain about {raw:g} points by summer without any help. Beside pupils with the same first score "
    "the gain vanishes.",
    "motivation": "those who take part are the pupils without SEN who most want to, a trait that is recorded "
    "nowhere; they gain more than others anyway, so a comparison at equal first scores shows about {seen:g} points.",
    "whole school": "every pupil of the tested years at {schools} takes part, from {since} on, and nobody elsewhere "
    "was chosen: what sets one school apart from others in a year goes into the figure, and its interval, which counts "
    "pupils, is too narrow. {before} shows how the school did without.",
}


def _interventions(place: dict[str, str], schools: pl.DataFrame) -> list[dict[str, Any]]:
    found, raw = [], settings()["planted"]["regression_raw_gain"]
    for plan in settings()["intervention"]:
        whole = plan["chosen"] == "whole school"
        names = schools.filter(pattern=plan["schools"])["school_name"].to_list() if whole else []
        first = WHOLE_SCHOOLS_FROM if whole else 0
        told = {
            "below": plan.get("below"), "seen": plan.get("seen", 0), "raw": raw, "schools": " and ".join(names),
            "since": _year(first), "before": _year(0),
        }  # fmt: skip
        adds = f"adds {plan['effect']:g} points to the summer score of those who take part" if plan["effect"] else (
            "adds nothing"
        )  # fmt: skip
        size = plan.get("seen", plan["effect"])
        found.append(
            _truth(
                f"intervention_{plan['key']}", place, measure="intervention_gain", item=plan["name"],
                time_periods=[period(year) for year in range(first, SCHOOL_YEARS)],
                direction="higher" if size else "none", size=size, seed_sd=plan["seed_sd"], unit="points",
                effect=plan["effect"],
                words=f"{plan['name']} ({plan['subject']}) {adds}; {_CHOSEN[plan['chosen']].format(**told)}",
            )
        )  # fmt: skip
    return found


def _in_schools(schools: pl.DataFrame) -> list[dict[str, Any]]:
    planted, without = settings()["planted"], "LA without this school"
    events, absent, ratings, modest = (planted[name] for name in ("suspensions", "absence", "ratings", "modest"))
    return [
        _truth(
            "suspensions_of_sen_support", _place(schools, events["school"]), measure="suspension_rate",
            sen_provision="SEN support", comparator=without, direction="higher", size=events["size"],
            seed_sd=events["seed_sd"], unit="per 100 pupils",
            words=f"About {100 * events['share']:.0f} % of pupils with SEN support are suspended at least once a year "
            f"here; they have some {events['size']:g} suspensions a year per 100 pupils more than in the rest of the "
            "authority.",
        ),
        _truth(
            "persistent_absence_of_ehc_plans", _place(schools, absent["school"]), measure="persistent_absence",
            sen_provision="EHC plan", comparator=without, direction="higher", size=absent["size"],
            seed_sd=absent["seed_sd"], unit="percentage points",
            words="Some 75 % of pupils with an EHC plan are persistently absent here, some 40 % in the other schools.",
        ),
        _truth(
            "ratings_far_above_data", _place(schools, ratings["school"]), measure="sef_now", beside=_OTHERS,
            direction="higher", size=ratings["size"], seed_sd=ratings["seed_sd"], unit="rating points",
            words=f"The school rates itself about {ratings['mean']:g} of 10 where the others rate themselves about "
            f"{settings()['self_evaluation']['mean']:g}, and it is the school with the excess of suspensions.",
        ),
        _truth(
            "ratings_far_below_data", _place(schools, modest["school"]), measure="sef_now", beside=_OTHERS,
            direction="lower", size=modest["size"], seed_sd=modest["seed_sd"], unit="rating points",
            words=f"The school rates itself about {modest['mean']:g} of 10; its data are like those of the others.",
        ),
        _hidden(schools),
        _noise(schools),
    ]  # fmt: skip


def _hidden(schools: pl.DataFrame) -> dict[str, Any]:
    """The school whose registers hide informal exclusion."""
    hidden = settings()["informal"]
    return _truth(
        "registers_hide_informal_exclusion", _place(schools, hidden["school"]), measure="suspension_rate",
        sen_provision="All SEN", need_area="Social, emotional and mental health", direction="hidden",
        shown_by=IN_TABLES, tables=["attendance_codes", "sessions"], need=hidden["need"],
        codes=list(hidden["codes"]), share_when_present=hidden["share"],
        words=f"Pupils with SEN and {hidden['need']} are hardly ever suspended here. They are sent home at midday, "
        f"Fridays first: of the sessions at which they would be present {100 * hidden['share']:.0f} % are marked "
        f"{', '.join(hidden['codes'])} (2023/24: C and B), most of them afternoons; elsewhere these marks are rare.",
    )  # fmt: skip


def _noise(schools: pl.DataFrame) -> dict[str, Any]:
    """The schools whose suspensions differ by chance alone."""
    alike = schools.filter(kind="primary")
    return _truth(
        "suspensions_of_primary_schools_only_noise", _place(schools, ""), measure="suspension_rate",
        sen_provision="SEN support", schools=alike["school_urn"].to_list(), shown_by=SCHOOLS,
        words=f"Pupils of one provision and need are suspended with the same chance at "
        f"{', '.join(alike['school_name'])}. So few of them are suspended that rates still lie "
        "far apart, and the order changes from year to year.",
    )  # fmt: skip


def planted(schools: pl.DataFrame, first_year: int = 0) -> list[dict[str, Any]]:
    """One dict a truth: measure, place, group, item, comparator, direction, size, seed_sd, unit, time_periods, words.

    `direction` and `size` say how the figure (or, with a comparator, the gap to it) should differ from 0; for
    `sef_now` from the other schools (`beside`). `effect` is what an intervention really adds. `time_periods` begin with
    the first year that is shown. `shown_by`: each year's figure; the years together (the size is under `SURE` spreads);
    the `status` of the row; how figures of the `schools` differ; or the `tables` in which no measure looks.
    """
    area, gap = _place(schools, ""), settings()["planted"]["writing_gap"]
    writing = _truth(
        "writing_gap_of_sen_support", area, measure="ks2_writing_gap", sen_provision="SEN support",
        direction="lower", size=gap["size"], seed_sd=gap["seed_sd"], unit="percentage points",
        words=f"Pupils with SEN support reach the expected standard in writing {-gap['size']:g} percentage points less "
        "often than in reading and mathematics; for other pupils the gap is about 0. An authority of this size has "
        "some 28 such pupils a year, so one year's figure is a rough one.",
    )  # fmt: skip
    no_baseline = _truth(
        "no_progress_measure_before_2025_26", area, measure="ks2_reading_progress", time_periods=[period(0), period(1)],
        direction="not available", unit="points", status="x", shown_by=BY_STATUS,
        words="The cohorts of 2023/24 and 2024/25 have no KS1 results, so KS1 to KS2 progress must be null with a "
        "reason; 2025/26 has it.",
    )  # fmt: skip
    found = [*_interventions(area, schools), writing, *_in_schools(schools), no_baseline]
    shown = [
        {**truth, "time_periods": [y for y in truth["time_periods"] if y >= period(first_year)]} for truth in found
    ]
    return [truth for truth in shown if truth["time_periods"]]


def truth_page(truths: list[dict[str, Any]], seed: int) -> str:
    """TRUTH.md."""
    area = settings()["area"]
    columns = ("truth", "measure", "place_name", "sen_provision", "item", "comparator", "direction")
    rows = []
    for line in truths:
        sizes = ["", ""] if line["size"] is None else [f"{line['size']:g} {line['unit']}", f"{line['seed_sd']:g}"]
        effect = "" if line["effect"] is None else f"{line['effect']:g} {line['unit']}"
        shown = ", ".join(line["tables"]) if line["shown_by"] == IN_TABLES else line["shown_by"]
        rows.append("| " + " | ".join([*(str(line[name]) for name in columns), *sizes, effect, shown]) + " |")
    words = "\n".join(f"- **{line['truth']}**: {line['words']}" for line in truths)
    return _MAINTEXT.format(
        area=area["la_name"], code=area["la_code"], nation=settings()["nation"]["name"], seed=seed,
        rows="\n".join(rows), words=words, sure=SURE,
    )  # fmt: skip
