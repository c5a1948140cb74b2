"""`reports/index.html`: places x notebooks, how fresh they are, and what failed, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from sendlab.disclosure.published import Published, require_published
from sendlab.publish.files import write_text
from sendlab.publish.open_data import ABOUT
from sendlab.publish.page import render
from sendlab.runs.outcome import failed_path
from sendlab.runs.plan import (
    AUDIENCE,
    BOARD_PAGE,
    BOARD_PDF,
    NOTEBOOKS,
    OPEN_DATA,
    OWN,
    SCHOOLS,
    SLIDES,
    WORKBOOK,
    board_folder,
    record_folder,
)
from sendlab.runs.register import Register
from sendlab.schema.labels import day_name, period_name

# The search box: hides the rows whose name does not hold what is typed, and says how many are left.
_PACK = (
    (BOARD_PAGE, "Board page", "the one thing to know, and the scorecard, on one sheet"),
    (BOARD_PDF, "Board page as PDF", "the same to print and to pass on, tagged for screen readers"),
    (SLIDES, "Slides", "the pack as a deck to edit, with figures and method in the notes (PowerPoint)"),
    (WORKBOOK, "Workbook", "every published figure, one table a sheet (Excel)"),
    (f"{OPEN_DATA}/{ABOUT}_{AUDIENCE}.txt", "Open data",
     "the same figures as CSV, in the layout of the Department's open data; this note lists the files beside it"),
)  # fmt: skip
SCRIPT = """
const box = document.getElementById("search"), said = document.getElementById("found");
box.addEventListener("input", () => {
  const wanted = box.value.trim().toLowerCase();
  let left = 0;
  for (const row of document.querySelectorAll("tr[data-name]")) {
    row.hidden = !row.dataset.name.includes(wanted);
    if (!row.hidden) left += 1;
  }
  said.textContent = wanted ? left + " found" : "";
});
"""


_SPELT = {"self_evaluation": "Self-evaluation"}


def topic_name(topic: str) -> str:
    """What a notebook is called in the index.

    >>> topic_name("data_quality"), topic_name("self_evaluation")
    ('Data quality', 'Self-evaluation')
    """
    return _SPELT.get(topic, topic.replace("_", " ").capitalize())


@dataclass(frozen=True)
class Entry:
    """One report in the index: a relative link or nothing; why the last run failed, and where its notebook is."""

    link: str = ""
    error: str = ""
    kept: str = ""


@dataclass(frozen=True)
class PlaceLine:
    """One place in the index: `phase` is empty for the LA, `data_to` the last date of the data behind its figures."""

    name: str
    phase: str
    data_to: str
    entries: tuple[Entry, ...]
    code: str = ""


def write_index(
    reports: Path, published: Published, places: pl.DataFrame, la_name: str, time_period: str, register: Register
) -> Path:
    """Write the index of a period from the reports on disk and the register of reports; returns the path written.

    `places` in the order shown, with place_code, place_name, education_phase and geographic_level.
    """
    require_published(published)
    folder = board_folder(reports, time_period)
    last = _last_outcomes(reports, time_period, register)
    topics = list(dict.fromkeys([*NOTEBOOKS, *(topic for _, topic, _ in last)]))
    fresh = _data_to(published, time_period)
    lines = [
        _line(row, folder, reports, topics, last, fresh.get(row["place_code"], ""))
        for row in places.iter_rows(named=True)
    ]
    text = render(
        "index_page.html.j2",
        title=f"SEND reports: {la_name}, {period_name(time_period)}",
        topics=[topic_name(topic) for topic in topics],
        la=[line for line in lines if not line.phase],
        schools=[line for line in lines if line.phase],
        failures=_failures(lines, topics, last),
        pack=[(href, *words) for name, *words in _PACK if (href := _link(folder / name, reports))],
        settings=published.settings,
        run_id=published.run_id,
        script=SCRIPT,
    )  # fmt: skip
    return write_text(reports / "index.html", text)


def _last_outcomes(reports: Path, time_period: str, register: Register) -> dict[tuple[str, str, str], Entry]:
    """{(place code, notebook, audience): what became of it when it was made last}, from the register."""
    last = {}
    for name, made in register.made.items():
        if (key := _report(name, time_period)) is not None:
            kept = failed_path(record_folder(reports, made.run), *key)
            last[key] = Entry(error=made.error, kept=_link(kept, reports) if made.error else "")
    return last


def _report(name: str, time_period: str) -> tuple[str, str, str] | None:
    """(place code, notebook, audience) of a report of the period by its path; None for anything else."""
    parts = name.split("/")
    if len(parts) != 4 or parts[0] != time_period:
        return None
    return parts[2], parts[3], OWN if parts[1] == SCHOOLS else AUDIENCE


def _failures(
    lines: Sequence[PlaceLine], topics: Sequence[str], last: Mapping[tuple[str, str, str], Entry]
) -> list[tuple[str, str, Entry]]:
    """Place, topic and entry of each report that failed; a school's own edition is said to be one."""
    words = {AUDIENCE: "", OWN: " (the school's own edition)"}
    found = [(line, topic, audience) for line in lines for topic in topics for audience in words]
    told = [(line, topic, audience, last.get((line.code, topic, audience), Entry())) for line, topic, audience in found]
    return [
        (line.name, topic_name(topic).lower() + words[audience], entry)
        for line, topic, audience, entry in told
        if entry.error
    ]


def _line(
    row: dict[str, str],
    folder: Path,
    reports: Path,
    topics: Sequence[str],
    last: Mapping[tuple[str, str, str], Entry],
    fresh: str,
) -> PlaceLine:
    code = row["place_code"]
    phase = "" if row["geographic_level"] == "Local authority" else row["education_phase"]
    entries = tuple(
        replace(last.get((code, topic, AUDIENCE), Entry()), link=_link(folder / code / f"{topic}.html", reports))
        for topic in topics
    )
    return PlaceLine(row["place_name"], phase, fresh, entries, code)


def _link(path: Path, reports: Path) -> str:
    return path.relative_to(reports).as_posix() if path.exists() else ""


def _data_to(published: Published, time_period: str) -> dict[str, str]:
    """{place code: last date of the data behind its figures}, in words."""
    last = (
        published.rows.filter((pl.col("time_period") == time_period) & pl.col("data_to").is_not_null())
        .group_by("place_code")
        .agg(pl.col("data_to").max())
    )
    return {code: day_name(day) for code, day in last.iter_rows()}
