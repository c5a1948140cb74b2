"""Further faults as in `seeded_faults`: in the tables that set what a school says against what its figures show."""

import re
from collections.abc import Callable
from html import escape
from pathlib import Path

import polars as pl
from attacker.planting import FIGURE, Material, edit, percent

from sendlab.metrics.cards import card
from sendlab.narrate import title_words
from sendlab.schema.labels import MARKS, people, period_name

HELP, GROUP = "suspended_once_or_more", "SEN support"


def _page(folder: Path, material: Material, place: str) -> Path:
    return folder / material.period / "board" / place / "self_evaluation.html"


def _line(path: Path, *words: str) -> str:
    """The first line of a table of a page that holds all these words, as they stand in HTML."""
    lines = re.findall(r"<tr><th scope=\"row\".*?</tr>", path.read_text(encoding="utf-8"))
    return next(line for line in lines if all(word in line for word in words))


def hidden_figure_beside_a_rating(folder: Path, material: Material) -> None:
    """A figure that is hidden stands beside the school's rating."""
    row = material.one(
        FIGURE, pl.col("measure") == HELP, pl.col("sen_provision") == GROUP, pl.col("geographic_level") == "School",
        pl.col("need_area") == "Total", pl.col("value").is_not_null(),
    )  # fmt: skip
    path = _page(folder, material, row["place_code"])
    line = _line(path, escape(f": {title_words(card(HELP))}, {people(GROUP)}") + "</th>", escape(MARKS["c"]))
    told = (
        f"{percent(row)} ({row['numerator']:.0f} of {row['base_subjects']} pupils, no interval), "
        f"{period_name(row['time_period'])}"
    )
    edit(path, line, line.replace(escape(MARKS["c"]), told, 1))


def gap_beside_a_rating(folder: Path, material: Material) -> None:
    """The gap beside a rating is another than the published one."""
    path = _page(folder, material, material.places[2])
    line = _line(path, " percentage points ", " the same group in the rest of the LA (")
    edit(
        path, line, re.sub(r"(\d)(?=(?:\.\d+)? percentage points)", lambda m: str((int(m[1]) + 5) % 10), line, count=1)
    )


def schools_that_do_not_add_up(folder: Path, material: Material) -> None:
    """Of the authority: one school more than there are is said not to have rated a statement."""
    path = _page(folder, material, material.places[0])
    line = _line(path, "not published: 8; not rated: 1<")
    edit(path, line, line.replace("not rated: 1<", "not rated: 2<"))


FAULTS_OF_SAYS: dict[str, Callable[[Path, Material], Path | None]] = {
    fault.__name__: fault for fault in (hidden_figure_beside_a_rating, gap_beside_a_rating, schools_that_do_not_add_up)
}
