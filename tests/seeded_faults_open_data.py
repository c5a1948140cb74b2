"""Further faults as in `seeded_faults`: in the open data of a pack."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import polars as pl
from attacker.planting import FIGURE, Material, Row, edit, workbook

from sendlab.schema.groups import TOTAL

NAMES = {"EHC plan": "Education, health and care plan", "SEN support": "SEN support / SEN without an EHC plan",
         "No SEN": "No SEN provision"}  # fmt: skip
FIGURES, META = "absence_schools_figures_board.csv", "absence_schools_figures_board.meta.csv"


def _file(folder: Path, material: Material, name: str = FIGURES) -> Path:
    return workbook(folder, material.period).parent / "open-data" / name


def _set(path: Path, row: Row, column: str, text: str) -> None:
    """Put a text into the cell of a row of a file of schools' figures."""
    lines = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))
    wanted = {
        "time_period": row["time_period"], "school_urn": row["place_code"], "need_area": TOTAL,
        "sen_provision": NAMES[row["sen_provision"]],
    }  # fmt: skip
    (line,) = [line for line in lines if all(line[lines[0].index(name)] == cell for name, cell in wanted.items())]
    line[lines[0].index(column)] = text
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(lines)
    path.write_text(written.getvalue(), encoding="utf-8", newline="\n")


def hidden_cell_of_open_data(folder: Path, material: Material) -> None:
    """A numerator that is hidden stands in a CSV."""
    school = pl.col("geographic_level") == "School"
    row = material.small(school, measures=("persistent_absence", "severe_absence", "attendance_98"))
    _set(_file(folder, material), row, f"{row['measure']}_numerator", f"{row['numerator']:.0f}")


def finer_open_data(folder: Path, material: Material) -> None:
    """A percentage with more places than its card has."""
    shown = material.published.filter(
        FIGURE, pl.col("value").is_not_null(), pl.col("geographic_level") == "School", pl.col("measure") == "absence",
        pl.col("sen_provision").is_in(list(NAMES)), pl.col("need_area") == TOTAL,
    )  # fmt: skip
    row = material.one(of=shown)
    _set(_file(folder, material), row, "absence", f"{row['value'] + 0.04:.2f}")


def label_of_open_data(folder: Path, material: Material) -> None:
    """A label of a meta file tells a count."""
    told = "Severe absence (% of pupils; 3 of 40 at one school)"
    edit(_file(folder, material, META), "Severe absence (% of pupils)", told)


def column_of_open_data(folder: Path, material: Material) -> None:
    """A column that no rule explains."""
    path = _file(folder, material)
    head, *lines = path.read_text(encoding="utf-8").splitlines()
    added = [f"{head},with_subjects", *(f"{line},{place % 5}" for place, line in enumerate(lines))]
    path.write_text("\n".join([*added, ""]), encoding="utf-8", newline="\n")


def order_of_open_data(folder: Path, material: Material) -> None:
    """Rows in another order than that of their names."""
    path = _file(folder, material)
    head, first, *others = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([head, *others, first, ""]), encoding="utf-8", newline="\n")


def name_of_open_data(folder: Path, material: Material) -> None:
    """A file's name tells a count."""
    path = _file(folder, material)
    path.rename(path.with_name("absence_schools_3_hidden_figures_board.csv"))


FAULTS_OF_OPEN_DATA: dict[str, Callable[[Path, Material], Path | None]] = {
    each.__name__: each  # type: ignore[dict-item]
    for each in (
        hidden_cell_of_open_data, finer_open_data, label_of_open_data, column_of_open_data, order_of_open_data,
        name_of_open_data,
    )
}  # fmt: skip
