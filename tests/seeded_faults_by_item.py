"""Further faults as in `seeded_faults`: in figures by question, line and use, in plans, EHC plans and interventions."""

import re
from collections.abc import Callable
from html import escape
from pathlib import Path

import polars as pl
from attacker.planting import FIGURE, Material, Row, edit, findings_of, percent, place_of_text

from sendlab.metrics.cards import card
from sendlab.schema.groups import TOTAL
from sendlab.schema.labels import people

WHOLE = pl.col("sen_provision") == TOTAL
ANSWERS, GAINS, MEETINGS = "pupils_agree", "intervention_gain", "termly_conversation_with_parents"


def _page(folder: Path, row: Row, topic: str) -> Path:
    return folder / row["time_period"] / "board" / row["place_code"] / f"{topic}.html"


def _hidden_answer(folder: Path, material: Material, *filters: pl.Expr) -> tuple[Row, Path]:
    """A hidden share of those who answered a question at a school, and the report on them."""
    row = material.one(
        FIGURE, WHOLE, pl.col("measure") == ANSWERS, pl.col("shown_base").is_not_null(), pl.col("item") != TOTAL,
        pl.col("value") > 0, *filters,
    )  # fmt: skip
    return row, _page(folder, row, "resources_and_voice")


def _table_of(path: Path, caption: str) -> str:
    """The table of a page whose caption begins so."""
    tables = re.findall(r"<table>.*?</table>", path.read_text(encoding="utf-8"), re.DOTALL)
    return next(table for table in tables if f"<caption>{escape(caption)}" in table)


def _mix_of(path: Path, measure: str) -> str:
    """The drawing of the items of a measure."""
    charts = re.findall(r"<svg\b.*?</svg>", path.read_text(encoding="utf-8"), re.DOTALL)
    return next(svg for svg in charts if f'aria-label="{escape(card(measure).title)}' in svg)


def hidden_share_of_a_question(folder: Path, material: Material) -> None:
    """The share that agree, in the table of questions, where it is hidden."""
    row, path = _hidden_answer(folder, material)
    table = _table_of(path, card(ANSWERS).title)
    line = next(line for line in table.splitlines() if f">{escape(row['item'])}</th>" in line)
    edit(path, table, table.replace(line, line.replace(">c<", f">{percent(row)}<", 1)))


def question_in_words(folder: Path, material: Material) -> None:
    """The alt text of a chart of questions tells the hidden share of one."""
    row, path = _hidden_answer(folder, material)
    svg = _mix_of(path, ANSWERS)
    told = f"{row['item']}: All {percent(row)}, no interval."
    edit(path, svg, svg.replace(f"{row['item']}: All not shown.", told, 1))


def point_of_a_hidden_question(folder: Path, material: Material) -> None:
    """A point drawn beside a question that reads "not shown"."""
    row, path = _hidden_answer(folder, material)
    svg = _mix_of(path, ANSWERS)
    point, x, y = _points(svg)[0]
    to = f"{_x(svg, row['value']):g},{place_of_text(svg, row['item']) - 4:g}"
    edit(path, svg, svg.replace(point, point.replace(f"{x},{y}", to) + point, 1))


def _points(svg: str) -> list[tuple[str, str, str]]:
    """The points drawn below the key: each with where it stands."""
    found = re.findall(r'(<path transform="translate\(([\d.]+),([\d.]+)\)" d="[^"]*" fill="#[^"]*" [^>]*/>)', svg)
    return [(point, x, y) for point, x, y in found if float(y) > 20]


def _x(svg: str, value: float) -> float:
    """Where a value stands along the axis of a chart."""
    axis = svg.partition("role-axis-label")[2].partition("</g>")[0]
    found = re.findall(r'translate\(([\d.]+),18\)"[^>]*>([^<]+)</text>', axis)
    (x0, low), (x1, high) = [(float(x), float(text.rstrip("%"))) for x, text in (found[0], found[-1])]
    return x0 - 0.5 + (value - low) / (high - low) * (x1 - x0)


def point_of_a_question_moved(folder: Path, material: Material) -> None:
    """A point of a chart of questions that stands at another whole per cent than is told."""
    path = folder / material.period / "board" / material.places[0] / "resources_and_voice.html"
    svg = _mix_of(path, ANSWERS)
    point, x, y = _points(svg)[0]
    step = (_x(svg, 10) - _x(svg, 0)) / 10
    edit(path, svg, svg.replace(point, point.replace(f"{x},{y}", f"{float(x) - 7 * step:g},{y}"), 1))


def questions_by_hidden_share(folder: Path, material: Material) -> None:
    """Questions that are not shown by their share, not by name: in the table, and so in the order of its rows."""
    _, path = _hidden_answer(folder, material)
    table = _table_of(path, card(ANSWERS).title)
    lines = [line for line in table.splitlines() if ">c<" in line]
    assert len(lines) > 1
    first, last = lines[0], lines[-1]
    swapped = table.replace(first, "\0").replace(last, first).replace("\0", last)
    edit(path, table, swapped)


def fewest_on_a_hidden_question(folder: Path, material: Material) -> None:
    """The list of what stands out names a question that is not shown as that on which fewest agree."""
    row, path = _hidden_answer(folder, material)
    line = next(line for line in findings_of(path) if "fewest on" in line)
    edit(path, line, re.sub(r"fewest on .*\(", f"fewest on “{row['item']}” (", line))


def people_of_a_chart(folder: Path, material: Material) -> None:
    """Above a column of figures, people whom no base shown tells of."""
    _, path = _hidden_answer(folder, material)
    svg = _mix_of(path, ANSWERS)
    edit(path, svg, re.sub(r">n = (\d+)(?: to (\d+))?</text>", ">n = 3 to 12</text>", svg, count=1))


def conversation_in_the_list(folder: Path, material: Material) -> None:
    """The printed list tells a hidden figure on conversations with parents."""
    row = material.one(
        FIGURE, pl.col("measure") == MEETINGS, pl.col("sen_provision").is_in(["SEN support", "EHC plan"]),
        pl.col("value").is_not_null(),
    )  # fmt: skip
    path = _page(folder, row, "plans_and_reviews")
    line = (
        f"<li>{card(MEETINGS).title}, {people(row['sen_provision'])}: {percent(row)} ({row['numerator']:.0f} of "
        f"{row['base_subjects']} pupils, no interval).</li>"
    )
    first = findings_of(path)[0]
    edit(path, first, first + line)


def ehc_plans_of_another_year(folder: Path, material: Material) -> None:
    """The table of EHC plans with the numbers of one year in the row of another."""
    path = folder / material.period / "board" / material.places[1] / "plans_and_reviews.html"
    table = _table_of(path, "EHC plans and reviews in time")
    lines = [line for line in table.splitlines() if f">{escape(card('ehc_within_20_weeks').title)}</th>" in line]
    years = [re.search(r">(20\d\d)<", line) for line in lines[:2]]
    assert all(years) and len(lines) > 1
    first, second = (year.group(1) for year in years if year)
    edit(path, table, table.replace(lines[0], lines[1].replace(f">{second}<", f">{first}<")))


def gain_by_silence(folder: Path, material: Material) -> None:
    """An intervention whose gain is hidden among those of which it is said that they show no difference."""
    row = material.one(
        FIGURE, WHOLE, pl.col("measure") == GAINS, ~pl.col("item").is_in([TOTAL, "None"]), pl.col("value").is_not_null()
    )
    path = _page(folder, row, "interventions")
    (line,) = [line for line in findings_of(path) if line.startswith("<li>Not shown")]
    edit(path, line, f"<li>No clear difference from untreated pupils: {escape(row['item'])}.</li>" + line)


def money_of_another_line(folder: Path, material: Material) -> None:
    """A share of money in the chart that is not that of its line."""
    path = folder / material.period / "board" / material.places[0] / "resources_and_voice.html"
    svg = _mix_of(path, "delegated_spent_on")
    figure = re.findall(r">(\d+\.\d%)</text>", svg)[0]
    edit(path, svg, svg.replace(f">{figure}</text>", ">12.3%</text>", 1))


FAULTS_BY_ITEM: dict[str, Callable[[Path, Material], Path | None]] = {
    fault.__name__: fault
    for fault in (
        hidden_share_of_a_question, question_in_words, point_of_a_hidden_question, point_of_a_question_moved,
        questions_by_hidden_share, fewest_on_a_hidden_question, people_of_a_chart, conversation_in_the_list,
        ehc_plans_of_another_year, gain_by_silence, money_of_another_line,
    )
}  # fmt: skip
