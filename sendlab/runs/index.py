"""`reports/index.html`: places x notebooks, how fresh they are, and what failed, in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from sendlab.disclosure.published import Published, require_published
from sendlab.publish.files import write_text
from sendlab.publish.page import render
from sendlab.runs.pack import BOARD_PAGE, WORKBOOK
from sendlab.runs.plan import NOTEBOOKS, Task, board_folder
from sendlab.runs.strip import error_of
from sendlab.schema.labels import period_name

# The search box: hides the rows whose name does not hold what is typed, and says how many are left.
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


@dataclass(frozen=True)
class Entry:
    """One report in the index: a relative link, empty where there is none, and why not."""

    link: str = ""
    error: str = ""


@dataclass(frozen=True)
class PlaceLine:
    """One place in the index: `phase` is empty for the LA, `data_to` the last date of the data behind its figures."""

    name: str
    phase: str
    data_to: str
    entries: tuple[Entry, ...]


def write_index(
    reports: Path, published: Published, places: pl.DataFrame, tasks: Sequence[Task], la_name: str, time_period: str
) -> Path:
    """Write the index of a period from the reports that lie on disk; returns the path written.

    `places` in the order shown, with place_code, place_name, education_phase and geographic_level.
    """
    require_published(published)
    folder = board_folder(reports, time_period)
    topics = list(dict.fromkeys([*NOTEBOOKS, *(task.notebook.stem for task in tasks)]))
    fresh = _data_to(published, time_period)
    lines = [
        _line(row, folder, reports, topics, fresh.get(row["place_code"], "")) for row in places.iter_rows(named=True)
    ]
    text = render(
        "index_page.html.j2",
        title=f"SEND reports: {la_name}, {period_name(time_period)}",
        topics=[topic.replace("_", " ").capitalize() for topic in topics],
        la=[line for line in lines if not line.phase],
        schools=[line for line in lines if line.phase],
        failures=_failures(lines, topics),
        board_page=_link(folder / BOARD_PAGE, reports),
        workbook=_link(folder / WORKBOOK, reports),
        settings=published.settings,
        run_id=published.run_id,
        script=SCRIPT,
    )  # fmt: skip
    return write_text(reports / "index.html", text)


def _failures(lines: Sequence[PlaceLine], topics: Sequence[str]) -> list[tuple[str, str, str]]:
    """Place, topic and error of each report that failed."""
    pairs = [(line, topic, entry) for line in lines for topic, entry in zip(topics, line.entries, strict=True)]
    return [(line.name, topic.replace("_", " "), entry.error) for line, topic, entry in pairs if entry.error]


def _line(row: dict[str, str], folder: Path, reports: Path, topics: Sequence[str], fresh: str) -> PlaceLine:
    phase = "" if row["geographic_level"] == "Local authority" else row["education_phase"]
    entries = tuple(_entry(folder / row["place_code"] / topic, reports) for topic in topics)
    return PlaceLine(row["place_name"], phase, fresh, entries)


def _entry(output: Path, reports: Path) -> Entry:
    failed = output.with_name(f"{output.name}.failed.ipynb")
    return Entry(_link(output.with_name(f"{output.name}.html"), reports), error_of(failed) if failed.exists() else "")


def _link(path: Path, reports: Path) -> str:
    return path.relative_to(reports).as_posix() if path.exists() else ""


def _data_to(published: Published, time_period: str) -> dict[str, str]:
    """{place code: last date of the data behind its figures}, in words."""
    last = (
        published.rows.filter((pl.col("time_period") == time_period) & pl.col("data_to").is_not_null())
        .group_by("place_code")
        .agg(pl.col("data_to").max())
    )
    return {code: f"{day.day} {day:%B %Y}" for code, day in last.iter_rows()}
