"""Open data, pair by pair: cells as claims; a column, a name, an order or a line that no rule explains as strays."""

import csv
import io
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from attacker.claims import COUNTS, Claim, Scene, Stray
from attacker.public import Public
from attacker.sentences import Told, read_text
from attacker.statements import STATEMENTS
from attacker.workbook import with_declared_places
from sendlab.metrics.cards import card, cards
from sendlab.publish.workbook import SHEETS
from sendlab.schema.groups import NEED_AREAS, PHASES, SEN_PROVISION, TOTAL
from sendlab.schema.measures import GROUPS

_TOPICS = "|".join(re.sub(r"\W", "_", title.lower()) for title in SHEETS.values())
NAME = re.compile(
    rf"(?:{_TOPICS})"
    r"_(?:authority|schools)(?:_[a-z_]+?)?_(?:figures|gaps)_(?:board|public)(?:\.meta)?\.csv"
    r"|about_open_data_(?:board|public)\.txt"
)
_TIME = ["time_period", "time_identifier", "geographic_level"]
_CODES = {"National": "country_code", "Local authority": "old_la_code", "School": "school_urn"}
_PLACE = (
    "country_code", "country_name", "region_code", "region_name", "old_la_code", "new_la_code", "la_name",
    "school_urn", "school_laestab", "school_name",
)  # fmt: skip
_FILTERS = ("education_phase", *GROUPS, "year_part", "comparator")
_PROVISION = {
    "Education, health and care plan": "EHC plan", "SEN support / SEN without an EHC plan": "SEN support",
    "No SEN provision": "No SEN", "All SEN provision": "All SEN",
}  # fmt: skip
_FIGURES = {
    "": "value", "_lower": "lower", "_upper": "upper", "_numerator": "numerator", "_denominator": "denominator",
    "_base": "base", "_eligible": "eligible", "_note": "",
}  # fmt: skip
_GAPS = {"_gap": "value", "_gap_lower": "lower", "_gap_upper": "upper", "_compared": "comparator_value",
         "_compared_period": "", "_gap_note": ""}  # fmt: skip
# Units, and the file that a benchmark was read from: they hold digits and tell no figure of ours.
_WORDING = re.compile(
    r"\(rating, 0 to 10\)|^(?:\[u\] )?published in \w+\.csv|fetch a newer file: .*"
    r"|^fewer than 3 raters of one round: .*"
)
_SYMBOLS = ("c", "z", "x", "u", "low")
_OTHERS = ("No SEN", "Same group nationally", "LA without this school")
Line = dict[str, str]


def read_open_data(path: Path, public: Public, file: str) -> Told:
    """All that a file among open data tells: a data file, its meta file or the note."""
    text = path.read_bytes().decode("utf-8", errors="replace")
    if path.suffix == ".txt":
        return Told([], _strays_of_text(text.splitlines(), public, file), Scene())
    if path.name.endswith(".meta.csv"):
        cells = [cell for line in csv.reader(io.StringIO(text, newline="")) for cell in line]
        return Told([], _strays_of_text([c for c in cells if not re.fullmatch(r"\d|\w+", c)], public, file), Scene())
    return _read_data(text, public, file)


def _strays_of_text(lines: Sequence[str], public: Public, file: str) -> list[Stray]:
    plain = (_WORDING.sub("", line) for line in lines)
    told = (read_text(line, Scene(), public, file, f"line {place}") for place, line in enumerate(plain, 1))
    return [stray for each in told for stray in each.strays]


def _read_data(text: str, public: Public, file: str) -> Told:
    lines = list(csv.DictReader(io.StringIO(text, newline="")))
    names = list(lines[0]) if lines else []
    told = Told([], [], Scene())
    indicators = {name: found for name in names if (found := _indicator(name, gaps="_gaps_" in file))}
    if [name for name in names if name not in (*_TIME, *_PLACE, *_FILTERS, *indicators)] or None in names:
        told.strays.append(Stray(file, "heading", "a column that no open data of ours has"))
    if _written(names, lines) != text:
        told.strays.append(Stray(file, "file", "a CSV written in another way than ours"))
    if [_order(line) for line in lines] != sorted(_order(line) for line in lines):
        told.strays.append(Stray(file, "file", "an order of rows that is not that of their names"))
    for number, line in enumerate(lines, 1):
        _read_line(line, indicators, public, file, f"row {number}", told)
    return told


@cache
def _indicator(name: str, *, gaps: bool) -> tuple[str, str] | None:
    """(measure, what a number in a column tells, "" where it is a text)."""
    for ending, what in (_GAPS if gaps else _FIGURES).items():
        if name.endswith(ending) and name.removesuffix(ending) in cards():
            return name.removesuffix(ending), what
    return None


def _written(names: list[str], lines: list[Line]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([names, *(line.values() for line in lines)])
    return text.getvalue()


def _order(line: Line) -> list[str]:
    place = [line.get(name, "") for name in ("school_name", "school_urn")]
    return [*(line[name] for name in _TIME), *place, *(line[name] for name in _FILTERS if name in line)]


def _read_line(
    line: Line, indicators: dict[str, tuple[str, str]], public: Public, file: str, where: str, told: Told
) -> None:
    told.strays += [Stray(file, where, "a place or filter of no name of ours") for _ in _odd(line, public)]
    scene, comparator = _scene(line), line.get("comparator", "")
    for name, (measure, what) in indicators.items():
        cell = line[name]
        if not what:
            told.strays += _strays_of_text([cell], public, file)
        elif cell == "c":
            told.claims.append(_of(scene, measure).marked(what, "c", file, where, comparator))
        elif cell not in _SYMBOLS:
            told.claims.append(_claim(_of(scene, measure), what, cell, line, file, where))


def _claim(scene: Scene, what: str, cell: str, line: Line, file: str, where: str) -> Claim:
    base, comparator = line.get(f"{scene.measure}_base", ""), line.get("comparator", "")
    shown = cell if what in COUNTS else with_declared_places(float(cell), card(scene.measure), base, comparator)
    return scene.claim(what, shown, file, where, comparator)


def _of(scene: Scene, measure: str) -> Scene:
    item = STATEMENTS.get(scene.item, scene.item) if measure.startswith("sef_") else scene.item
    return Scene(measure, *_whens(scene), scene.sen_provision, scene.need_area, item, scene.more)


def _whens(scene: Scene) -> tuple[str, str, str]:
    return scene.time_period, scene.time_identifier, scene.place_code


def _scene(line: Line) -> Scene:
    """What a line is about, but for the measure."""
    part = line.get("year_part", "Academic year")
    provision = line.get("sen_provision", TOTAL)
    known = ("sen_provision", "need_area", "item")
    return Scene(
        "", line["time_period"], line["time_identifier"] if part == "Academic year" else part,
        line[_CODES[line["geographic_level"]]], _PROVISION.get(provision, provision), line.get("need_area", TOTAL),
        line.get("item", TOTAL), tuple((name, line[name]) for name in GROUPS if name in line and name not in known),
    )  # fmt: skip


def _odd(line: Line, public: Public) -> list[str]:
    """Columns of place and filters that hold something other than a name or code known from elsewhere."""
    places = {code for code, _ in public.places.values()}
    groups = (*SEN_PROVISION, *_PROVISION, TOTAL)
    known = {
        "sen_provision": line.get("sen_provision", TOTAL) in groups,
        "need_area": line.get("need_area", TOTAL) in (*NEED_AREAS, TOTAL),
        "education_phase": line.get("education_phase", TOTAL) in (*PHASES, TOTAL),
        "comparator": line.get("comparator", _OTHERS[0]) in _OTHERS,
        "time_period": re.fullmatch(r"\d{4}|\d{6}", line["time_period"]) is not None,
        "place": line[_CODES[line["geographic_level"]]] in places,
        "school_laestab": re.fullmatch(r"z|\d{7}|", line.get("school_laestab") or "") is not None,
    }
    return [name for name, right in known.items() if not right]
