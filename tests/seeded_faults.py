"""Faults as a bug would make them: each plants one leak in a copy of a clean folder of reports.

A fault takes the folder and `Material` (the truth and what was published, to know what is hidden) and changes files;
a fault that needs an earlier release returns the folder of that release.
"""

import json
import re
import shutil
from collections.abc import Callable
from html import escape
from pathlib import Path
from zipfile import ZipFile

import polars as pl
from attacker.planting import (
    BY_PROVISION,
    DRAWN,
    FIGURE,
    HIDDEN,
    Material,
    Row,
    chart_of,
    edit,
    findings_of,
    percent,
    place_of_text,
    report,
    rewrite,
    set_cell,
    set_in_csv,
    set_in_workbook,
    table_row,
    workbook,
)
from attacker.sums import ADVERSE_BELOW

from sendlab.charts.groups import END, START
from sendlab.charts.marks import scale_of
from sendlab.metrics.cards import card
from sendlab.narrate import title_words
from sendlab.schema.groups import SEN_PROVISION, SEND, TOTAL
from sendlab.schema.labels import people, period_name
from sendlab.schema.measures import MEASURE_KEY


def unrounded_limit(folder: Path, material: Material) -> None:
    """The limits of a shown figure with all their digits."""
    shown = material.published.filter(FIGURE, pl.col("lower").is_not_null(), pl.col("need_area") == TOTAL)
    rows = material.truth.join(shown.select(list(MEASURE_KEY)), on=list(MEASURE_KEY)).sort(list(MEASURE_KEY))
    row = material.one(
        pl.col("measure").is_in(list(BY_PROVISION)), pl.col("sen_provision").is_in(SEN_PROVISION[:3]), of=rows
    )
    set_cell(report(folder, row), row, "95% interval", f"{row['lower']:.6f}% to {row['upper']:.6f}%")


def sorted_by_hidden_value(folder: Path, material: Material) -> None:
    """Schools that are not shown in the order of their figures."""
    measure = "persistent_absence"
    path = folder / material.period / "board" / material.places[0] / "attendance.html"
    old = svg = chart_of(path, {"measure": measure}, ", all schools of ")
    hidden = material.hidden.filter(
        FIGURE, pl.col("measure") == measure, pl.col("sen_provision") == "SEN support",
        pl.col("need_area") == TOTAL, pl.col("time_period") == material.period, pl.col("geographic_level") == "School",
    ).sort("place_name")  # fmt: skip
    by_value = hidden.sort("value", descending=True)["place_name"].to_list()
    if by_value == hidden["place_name"].to_list():
        by_value.reverse()
    places = [f",{place_of_text(svg, name):g})" for name in hidden["place_name"]]
    for name, place in zip(hidden["place_name"], places, strict=True):
        svg = svg.replace(place, f",new {places[by_value.index(name)][1:]}")
    edit(path, old, svg.replace(",new ", ","))


def tooltip(folder: Path, material: Material) -> None:
    """A tooltip with the number of pupils where that is hidden."""
    row = material.small_base()
    set_cell(report(folder, row), row, "Pupils (n)", "", f' title="n = {row["base_subjects"]}"')


def alt_text(folder: Path, material: Material) -> None:
    """An alt text that names the hidden figure."""
    row = material.small(measures=DRAWN)
    path = report(folder, row)
    old = chart_of(path, row)
    edit(path, old, old.replace(f"{row['sen_provision']}: not shown.", f"{row['sen_provision']}: {percent(row)}.", 1))


def dropped_cover(folder: Path, material: Material) -> None:
    """The one figure that covers a hidden one, shown in the workbook."""
    hidden = material.hidden.filter(FIGURE, pl.col("need_area") == TOTAL, pl.col("sen_provision").is_in(SEN_PROVISION))
    table = ["measure", "time_period", "time_identifier", "place_code", "item"]
    total = material.published.filter(
        FIGURE, ~HIDDEN, pl.col("sen_provision") == TOTAL, pl.col("need_area") == TOTAL
    ).select(table)
    people, rest = pl.col("with_subjects"), pl.col("base_subjects") - pl.col("with_subjects")
    few = people.is_between(1, 4) | rest.is_between(1, 4) | ((people == 0) & (pl.col("base_subjects") < ADVERSE_BELOW))
    counted = hidden.filter(
        pl.col("shown_base").is_not_null(), pl.col("geographic_level") == "School",
        ~pl.col("place_code").is_in(material.places), pl.col("measure").is_in(["attendance_98", "severe_absence"]),
    ).join(total, on=table)  # fmt: skip
    pairs = counted.filter((pl.len().over(table) == 2) & (few.sum().over(table) == 1))
    row = pairs.filter(~few).sort(list(MEASURE_KEY)).row(0, named=True)
    value, lower, upper = (round(row[name], 0) for name in ("value", "lower", "upper"))
    numbers = {"Numerator": row["numerator"], "Value": value, "Lower limit": lower, "Upper limit": upper}
    set_in_workbook(workbook(folder, material.period), row, numbers)


def earlier_release(folder: Path, material: Material) -> Path:
    """A release before this one in which a figure was shown that is hidden now."""
    before = folder.with_name(f"{folder.name}-before")
    workbook(before, material.period).parent.mkdir(parents=True)
    shutil.copy(workbook(folder, material.period), workbook(before, material.period))
    row = material.small()
    set_in_workbook(workbook(before, material.period), row, {"Numerator": row["numerator"]})
    return before


def notebook_metadata(folder: Path, material: Material) -> None:
    """The rows behind a chart kept in a cell's metadata."""
    row = material.small()
    path = report(folder, row, "ipynb")
    book = json.loads(path.read_text(encoding="utf-8"))
    kept = ("measure", "time_period", "place_code", "sen_provision", "numerator", "value")
    book["cells"][-1]["metadata"]["plotted"] = [{name: row[name] for name in kept}]
    path.write_text(json.dumps(book), encoding="utf-8")


def workbook_comment(folder: Path, material: Material) -> None:
    """A comment on a hidden cell."""
    row = material.small()
    said = f"{row['numerator']:.0f} of {row['base_subjects']}"
    text = (
        '<comments xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><authors><author/></authors>'
        f'<commentList><comment ref="M9" authorId="0"><text><t>{said}</t></text></comment></commentList></comments>'
    )
    rewrite(workbook(folder, material.period), {"xl/comments1.xml": lambda _: text})


def hidden_sheet(folder: Path, material: Material) -> None:
    """A very hidden sheet with the unprotected rows."""
    rows = material.hidden.filter(FIGURE).head(20).select("measure", "place_code", "numerator").rows()
    cells = [
        "".join(f'<c t="inlineStr"><is><t>{escape(str(value))}</t></is></c>' for value in row) for row in rows
    ]  # fmt: skip
    lines = "".join(f"<row>{line}</row>" for line in cells)
    sheet = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f"<sheetData>{lines}</sheetData></worksheet>"
    )
    with ZipFile(workbook(folder, material.period)) as archive:
        number = 1 + sum(name.startswith("xl/worksheets/sheet") for name in archive.namelist())
    entry = f'<sheet name="Raw" sheetId="{number}" state="veryHidden" r:id="rId99"/></sheets>'
    changes = {
        "xl/workbook.xml": lambda text: text.replace("</sheets>", entry),
        f"xl/worksheets/sheet{number}.xml": lambda _: sheet,
    }
    rewrite(workbook(folder, material.period), changes)


def document_properties(folder: Path, material: Material) -> None:
    """A count in the properties of the workbook."""
    said = f"Smallest count hidden: {material.small()['numerator']:.0f}.</dc:description>"
    change = {"docProps/core.xml": lambda text: text.replace("</dc:description>", f" {said}")}
    rewrite(workbook(folder, material.period), change)


def drawn_point(folder: Path, material: Material) -> None:
    """A point drawn on a row that says "not shown"."""
    row, path, svg, labels = _chart_with_axis(folder, material)
    first, last = labels[0], labels[-1]
    x = first[0] + (row["value"] - first[1]) / (last[1] - first[1]) * (last[0] - first[0])
    y = place_of_text(svg, row["sen_provision"]) - 4
    point = f'<path transform="translate({x},{y:g})" d="M5,0A5,5,0,1,1,-5,0" fill="#12436D" stroke="#12436D" '
    group = '<g class="mark-text role-mark'
    edit(path, svg, svg.replace(group, f'<g>{point}stroke-width="1.8" opacity="1"/></g>{group}', 1))


def _chart_with_axis(folder: Path, material: Material) -> tuple[Row, Path, str, list[tuple[float, float]]]:
    """A hidden figure in a chart with an axis: its row, file, SVG, and (pixel, value) of the ticks."""
    rows = material.hidden.filter(
        FIGURE, pl.col("measure").is_in(DRAWN), pl.col("place_code").is_in(material.places),
        pl.col("time_period") == material.period, pl.col("sen_provision").is_in(SEN_PROVISION[:3]),
        pl.col("need_area") == TOTAL, pl.col("value") > 0, pl.col("upper").is_not_null(),
    )  # fmt: skip
    for row in rows.iter_rows(named=True):
        svg = chart_of(report(folder, row), row)
        if len(labels := _ticks(svg)) > 1:
            return row, report(folder, row), svg, labels
    raise AssertionError("the sample has no hidden figure in a chart with an axis")


def _ticks(svg: str) -> list[tuple[float, float]]:
    axis = svg.partition("role-axis-label")[2].partition("</g>")[0]
    found = re.findall(r'translate\(([\d.]+),18\)"[^>]*>([^<]+)</text>', axis)
    return [(float(x), float(text.replace("−", "-").rstrip("%"))) for x, text in found]


def axis_domain(folder: Path, material: Material) -> None:
    """An axis long enough for the hidden figure's interval."""
    row, path, svg, labels = _chart_with_axis(folder, material)
    (_, low), (_, high) = labels[0], labels[-1]
    longer = scale_of([low, max(high * 1.01, row["upper"])], START, END)
    assert longer is not None

    def moved(x: float) -> float:
        return longer.place(low + (x - START) / (END - START) * (high - low))

    def mark(found: re.Match[str]) -> str:
        x, y, tail = float(found.group(2)), float(found.group(3)), found.group(4)
        if y <= 20 or not START <= x <= END:
            return found.group()
        width = "" if tail is None else f'" x2="{moved(x + float(tail)) - moved(x)}'
        return f"{found.group(1)}{moved(x)},{y:g}){width}"

    head, label, rest = svg.partition('<g class="mark-text role-axis-label" pointer-events="none">')
    first_text = rest.partition("</g>")[0].partition("</text>")[0]
    texts = "".join(
        re.sub(r"translate\([^)]*\)", f"translate({longer.place(tick)},18)", first_text.rpartition(">")[0])
        + f">{tick:g}%</text>"
        for tick in longer.ticks
    )
    rest = texts + "</g>" + rest.partition("</g>")[2]
    rest = re.sub(r'(<(?:line|path) transform="translate\()([\d.]+),([\d.]+)\)(?:" x2="([-\d.]+))?', mark, rest)
    edit(path, svg, head + label + rest)


def shade_of_hidden_value(folder: Path, material: Material) -> None:
    """A row that is not shown, paler the smaller its figure."""
    row = material.small(measures=DRAWN)
    svg = chart_of(report(folder, row), row)
    paler = min(0.2 + row["value"] / 100, 0.95)
    edit(
        report(folder, row), svg, re.sub(r">not shown</text>", f' opacity="{paler:.2f}">not shown</text>', svg, count=1)
    )


def percent_of_hidden_numerator(folder: Path, material: Material) -> None:
    """A percentage beside a hidden numerator and a base that is shown."""
    row = material.small()
    set_cell(report(folder, row), row, "Figure", percent(row))


def gap_of_hidden_side(folder: Path, material: Material) -> None:
    """A gap shown in the workbook though one of its sides is hidden."""
    row = material.one(
        pl.col("comparator") == "No SEN", pl.col("value").is_not_null(), pl.col("measure").is_in(list(BY_PROVISION)),
    )  # fmt: skip
    set_in_workbook(workbook(folder, material.period), row, {"Value": round(row["value"])})


def rank(folder: Path, material: Material) -> None:
    """A column of ranks in which hidden rows have theirs."""
    row = material.small()
    line = table_row(report(folder, row), row)
    table = next(
        text for text in re.findall(r"<table>.*?</table>", report(folder, row).read_text(encoding="utf-8"), re.DOTALL)
        if line in text
    )  # fmt: skip
    ranked = table.replace("</tr></thead>", '<th scope="col">Rank</th></tr></thead>')
    for place, each in enumerate(re.findall(r"<tr><th scope=\"row\".*?</tr>", table), 1):
        ranked = ranked.replace(each, f"{each.removesuffix('</tr>')}<td>{place}</td></tr>")
    edit(report(folder, row), table, ranked)


def total_in_footer(folder: Path, material: Material) -> None:
    """A footer with the total of groups of which the total is hidden."""
    hidden_total = pl.col("sen_provision") == TOTAL, pl.col("need_area") == TOTAL, pl.col("numerator") > 0
    row = material.one(FIGURE, *hidden_total, pl.col("measure").is_in(list(BY_PROVISION)))
    path = report(folder, row)
    line = table_row(path, {**row, "sen_provision": "SEN support"})
    cells = "".join(f"<td>{value:.0f}</td>" for value in (row["base_subjects"], row["numerator"]))
    text = path.read_text(encoding="utf-8")
    end = text.index("</tbody>", text.index(line)) + len("</tbody>")
    rest = "<td></td>" * (line.count("<td") - 2)
    footer = f'<tfoot><tr><th scope="row">All</th>{cells}{rest}</tr></tfoot>'
    path.write_text(text[:end] + footer + text[end:], encoding="utf-8", newline="\n")


def hidden_base_shown(folder: Path, material: Material) -> None:
    """The number of pupils of a group whose base is hidden."""
    row = material.small_base()
    set_cell(report(folder, row), row, "Pupils (n)", str(row["base_subjects"]))


def data_attribute(folder: Path, material: Material) -> None:
    """A data attribute that a script would sort by."""
    row = material.small()
    line = table_row(report(folder, row), row)
    edit(report(folder, row), line, line.replace("<tr", f'<tr data-value="{percent(row)}"', 1))


def finer_sum(folder: Path, material: Material) -> None:
    """A percentage of the LA with so many digits that its sessions follow to one."""
    la = material.truth.filter(
        FIGURE, pl.col("geographic_level") == "Local authority", pl.col("measure") == "absence",
        pl.col("time_period") == material.period, pl.col("sen_provision") == "SEN support",
        pl.col("need_area") == TOTAL,
    )  # fmt: skip
    row = la.row(0, named=True)
    set_in_workbook(workbook(folder, material.period), row, {"Value": round(row["value"], 7)})


def file_name(folder: Path, material: Material) -> None:
    """A file named after what it counts."""
    row = material.small()
    path = report(folder, row)
    path.rename(path.with_name(f"{path.stem}-{row['numerator']:.0f}-{row['measure'].replace('_', '-')}.html"))


def sentence(folder: Path, material: Material) -> None:
    """A sentence with the hidden figure and its count."""
    row = material.small()
    words = (
        f"<p>{card(row['measure']).title}, {row['place_name']}, {period_name(row['time_period'])}: "
        f"{people(row['sen_provision'])} {percent(row)} ({row['numerator']:.0f} of {row['base_subjects']} pupils, "
        "no interval).</p>"
    )
    edit(report(folder, row), '<h2 id="limits">', f'{words}<h2 id="limits">')


def other_school_in_school_edition(folder: Path, material: Material) -> None:
    """The edition for one school with the unprotected rows of another."""
    row = material.small(pl.col("geographic_level") == "School")
    own = next(code for code in material.places if code not in (material.places[0], row["place_code"]))
    copy = folder / row["time_period"] / "schools" / own / report(folder, row).name
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(report(folder, row), copy)
    set_cell(copy, row, "Numerator", f"{row['numerator']:.0f}")


# --- what stands out, the saved figures, who counted ----------------------------------------------------------------


def finding(folder: Path, material: Material) -> None:
    """A line of what stands out that tells the hidden figure."""
    row, path = _listed(folder, material)
    first = findings_of(path)[0]
    line = (
        f"<li>{card(row['measure']).title}, {people(row['sen_provision'])}: {percent(row)} ({row['numerator']:.0f} of "
        f"{row['base_subjects']} pupils, between {row['lower']:.0f}% and {row['upper']:.0f}%). "
        "Cannot tell whether that differs from pupils with no SEN (10%).</li>"
    )
    edit(path, first, line + first)


def _listed(folder: Path, material: Material) -> tuple[Row, Path]:
    """A hidden figure that the list of what stands out in its report names as not shown, and the report."""
    row = material.small(
        pl.col("sen_provision").is_in(SEND), pl.col("upper").is_not_null(), measures=("severe_absence", "attendance_98")
    )
    return row, report(folder, row)


def finding_by_silence(folder: Path, material: Material) -> None:
    """A hidden figure among those of which it is said that they show no difference."""
    row, path = _listed(folder, material)
    (hidden,) = [line for line in findings_of(path) if line.startswith("<li>Not shown")]
    group, measure = people(row["sen_provision"]), title_words(card(row["measure"]))
    edit(path, hidden, hidden + f"<li>No clear difference: {group} ({measure}).</li>")


def finding_of_hidden_gap(folder: Path, material: Material) -> None:
    """A figure that is shown, with a word on its hidden gap to another group."""
    keys = [name for name in MEASURE_KEY if name != "comparator"]
    shown = material.published.filter(FIGURE, pl.col("value").is_not_null())
    of_shown = material.hidden.join(shown.select(keys), on=keys).sort(keys)
    gap = material.one(
        pl.col("comparator") == "No SEN", pl.col("measure") == "severe_absence", pl.col("sen_provision").is_in(SEND),
        pl.col("need_area") == TOTAL, of=of_shown,
    )  # fmt: skip
    row = material.one(*(pl.col(name) == gap[name] for name in keys), of=shown)
    line = (
        f"<li>{card(row['measure']).title}, {people(row['sen_provision'])}: {percent(row)} ({row['numerator']:.0f} of "
        f"{row['base_subjects']} pupils, no interval). Possibly worse: {gap['value']:.0f} percentage points above "
        f"pupils with no SEN ({gap['comparator_value']:.1f}%), between −1 and {gap['upper']:.0f}.</li>"
    )
    first = findings_of(report(folder, row))[0]
    edit(report(folder, row), first, first + line)


def order_of_findings(folder: Path, material: Material) -> None:
    """Figures that are not shown named by their value, not as declared."""
    _, path = _listed(folder, material)
    (hidden,) = [line for line in findings_of(path) if line.startswith("<li>Not shown")]
    start, _, names = hidden.removesuffix(".</li>").partition("): ")
    edit(path, hidden, f"{start}): {'; '.join(reversed(names.split('; ')))}.</li>")


def finer_least_gap(folder: Path, material: Material) -> None:
    """The smallest gap that would have shown, taken from limits that were not rounded."""
    path = folder / material.period / "board" / material.places[0] / "progress.html"
    line = next(line for line in findings_of(path) if "only a gap of about" in line)
    edit(path, line, re.sub(r"(about \d+)\.\d", r"\1.98", line))


def saved_csv(folder: Path, material: Material) -> None:
    """A CSV with the true number where the table shows c."""
    row = material.small()
    set_in_csv(report(folder, row), row, "Numerator", f"{row['numerator']:.0f}")


def counted(folder: Path, material: Material) -> None:
    """How many counted, in the table of who did, where that is hidden."""
    row = material.one(
        FIGURE, pl.col("shown_base").is_null(), pl.col("sen_provision") == TOTAL, pl.col("need_area") == TOTAL,
        pl.col("measure") == "ks2_reading_progress",
    )  # fmt: skip
    path = folder / row["time_period"] / "board" / row["place_code"] / "data_quality.html"
    title, when = escape(card(row["measure"]).title), period_name(row["time_period"])
    text = path.read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if f">{title}</th>" in line and f">{when}</td>" in line)
    cells = line.split("<td")
    cells[3] = cells[3].replace(">c<", f">{row['base_subjects']}<")
    edit(path, line, "<td".join(cells))


FAULTS: dict[str, Callable[[Path, Material], Path | None]] = {
    fault.__name__: fault
    for fault in (
        unrounded_limit, sorted_by_hidden_value, tooltip, alt_text, dropped_cover, earlier_release, notebook_metadata,
        workbook_comment, hidden_sheet, document_properties, drawn_point, axis_domain, shade_of_hidden_value,
        percent_of_hidden_numerator, gap_of_hidden_side, rank, total_in_footer, hidden_base_shown, data_attribute,
        finer_sum, file_name, sentence, other_school_in_school_edition, finding, finding_by_silence,
        finding_of_hidden_gap, order_of_findings, finer_least_gap, saved_csv, counted,
    )
}  # fmt: skip
