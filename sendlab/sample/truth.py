"""What is planted in the sample, in words and as data, so that a measure can be held against it."""

from typing import Any

import polars as pl

from sendlab.sample.settings import period, settings

_MAINTEXT = """# What is planted in this sample

{area} does not exist: LA code {code} is not allotted, schools, pupils, UPNs and results are made up by
`sendlab.sample` from seed {seed}. "{nation}" is invented too. Rates lie near England's published level
so that figures look right, but no figure here is a result of any real place. One exception is meant: a resourced
provision for hearing and sight at Birch lets more pupils with an EHC plan reach the expected standard than in England.

Each line is a truth of the rules by which the sample is made. One sample is one draw: a figure lies about its truth
as its interval says. A size is the mean over 200 seeds of what the measure sees in one year, not the value that this
draw happens to show; the spread is the standard deviation between seeds at 8 schools and 1,500 pupils. `truth.json`
holds the same for programs.

| truth | measure | place | group | item | compared with | expected | size | spread |
|---|---|---|---|---|---|---|---|---|
{rows}

## In words

{words}
"""


def _place(schools: pl.DataFrame, key: str) -> dict[str, str]:
    """The columns of a measure row that name the school with this key (the authority with an empty key)."""
    area = settings()["area"]
    if not key:
        return {"geographic_level": "Local authority", "place_code": area["la_code"], "place_name": area["la_name"]}
    row = schools.filter(key=key).row(0, named=True)
    return {"geographic_level": "School", "place_code": row["school_urn"], "place_name": row["school_name"]}


def _truth(name: str, place: dict[str, str], **fields: Any) -> dict[str, Any]:
    """One truth; what is not said takes its default."""
    plain = {"time_periods": [period(0), period(1)], "sen_provision": "Total", "item": "Total", "comparator": ""}
    return {"truth": name, **place, **plain, **fields}


def _interventions(place: dict[str, str]) -> list[dict[str, Any]]:
    planted = settings()["planted"]
    words = {
        "works": "adds {effect:g} points to the summer score of those who take part; they were chosen at random among "
        "pupils with SEN, whatever their score.",
        "nothing": "adds nothing; those who take part were chosen at random among pupils with SEN.",
        "regression": "adds nothing, but those who take part were chosen for an autumn score under {below}: a low "
        "score is partly bad luck on the day, so they gain about {raw:g} points by summer without any help. Beside "
        "pupils with the same first score the gain vanishes.",
    }
    return [
        _truth(
            f"intervention_{plan['key']}", place, measure="intervention_gain", item=plan["name"],
            direction="higher" if plan["effect"] else "none", size=plan["effect"],
            seed_sd=plan["seed_sd"], unit="points",
            words=f"{plan['name']} ({plan['subject']}) "
            + words[plan["key"]].format(**{"below": "", **plan}, raw=planted["regression_raw_gain"]),
        )
        for plan in settings()["intervention"]
    ]  # fmt: skip


def _in_schools(schools: pl.DataFrame) -> list[dict[str, Any]]:
    planted, without = settings()["planted"], "LA without this school"
    usual = settings()["suspension"]["once_K"]["secondary"]
    events, absent, ratings = planted["suspensions"], planted["absence"], planted["ratings"]
    return [
        _truth(
            "suspensions_of_sen_support", _place(schools, events["school"]), measure="suspension_rate",
            sen_provision="SEN support", comparator=without, direction="higher", size=events["size"],
            seed_sd=events["seed_sd"], unit="per 100 pupils",
            words=f"About {100 * events['share']:.0f} % of pupils with SEN support are suspended at least once a year "
            f"here, against about {100 * usual:.0f} % in the other secondary schools, "
            "and they have some 100 suspensions a year per 100 pupils more than in the rest of the authority.",
        ),
        _truth(
            "persistent_absence_of_ehc_plans", _place(schools, absent["school"]), measure="persistent_absence",
            sen_provision="EHC plan", comparator=without, direction="higher", size=absent["size"],
            seed_sd=absent["seed_sd"], unit="percentage points",
            words="Some 70 % of pupils with an EHC plan are persistently absent here, some 40 % in the other schools.",
        ),
        _truth(
            "ratings_far_above_data", _place(schools, ratings["school"]), measure="sef_now",
            direction="higher", size=ratings["size"], seed_sd=ratings["seed_sd"], unit="rating points",
            words=f"The school rates itself about {ratings['mean']:g} of 10 where the others rate themselves about "
            f"{settings()['self_evaluation']['mean']:g}, and it is the school with the excess of suspensions.",
        ),
    ]  # fmt: skip


def planted(schools: pl.DataFrame) -> list[dict[str, Any]]:
    """One dict a truth: measure, place, group, item, comparator, direction, size, seed_sd, unit, time_periods, words.

    `direction` and `size` say how the figure (or, with a comparator, the gap to it) should differ from 0; for
    `sef_now` from the other schools.
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
        "no_progress_measure_in_2024_25", area, measure="ks2_reading_progress", time_periods=[period(0)],
        direction="not available", size=None, seed_sd=None, unit="points",
        words="The cohort of 2024/25 has no KS1 results, so KS1 to KS2 progress must be null with a reason; "
        "2025/26 has it.",
    )  # fmt: skip
    return [*_interventions(area), writing, *_in_schools(schools), no_baseline]


def truth_page(truths: list[dict[str, Any]], seed: int) -> str:
    """TRUTH.md."""
    area = settings()["area"]
    columns = ("truth", "measure", "place_name", "sen_provision", "item", "comparator", "direction")
    rows = []
    for line in truths:
        sizes = ["", ""] if line["size"] is None else [f"{line['size']:g} {line['unit']}", f"{line['seed_sd']:g}"]
        rows.append("| " + " | ".join([*(str(line[name]) for name in columns), *sizes]) + " |")
    words = "\n".join(f"- **{line['truth']}**: {line['words']}" for line in truths)
    return _MAINTEXT.format(
        area=area["la_name"], code=area["la_code"], nation=settings()["nation"]["name"], seed=seed,
        rows="\n".join(rows), words=words,
    )  # fmt: skip
