"""SEN2 returns: the same people through module CSVs, XML and template; orphans, old forms, hostile XML."""

import csv
import gc
import tempfile
import time
import tracemalloc
from datetime import date
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import openpyxl
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sendlab.errors import DataProblem
from sendlab.pseudonyms import BLANK, CHECK_LETTERS
from sendlab.schema.tables import TABLES
from sendlab.sources import blade, hardened_xml, sen2, sen2_workbook, sen2_xml
from sendlab.sources.reading import Reading
from sendlab.sources.sen2_fields import DATE_ORDERS, MODULES
from sendlab.sources.text import LINE, TextTable

EHC = ("ehc_requests", "ehc_plans", "ehc_placements")
Node = dict[str, Any]  # fields in lower case -> value; a module name -> list of nodes
NAMES = {"surname": "Quillfeather", "forename": "Zebedee", "postcode": "ZZ99 9ZZ", "uniquelearnernumber": "9876543210"}
# Spelling of elements, where it is more than the module CSV's name.
ELEMENTS = {"planwbp": "PlanWPB", "wbp": "WPB", "personbirthdate": "PersonBirthDate", "sensetting": "SENsetting"}
FLAGS = {"rya", "requestmediation", "requesttribunal", "assessmentmediation", "week20", "pb", "oa", "senunitindicator",
         "resourcedprovisionindicator"}  # fmt: skip


def upn(number: int) -> str:
    body = f"999200124{number:03d}"
    return CHECK_LETTERS[sum(w * int(c) for w, c in enumerate(body, start=2)) % 23] + body


def person(number: int, born: date, requests: list[Node], **more: Any) -> Node:
    given = {**NAMES, "upn": upn(number), "sex": "MF"[number % 2], "ethnicity": "WBRI", "personbirthdate": born}
    return {**given, **more, "requests": requests}


def request(received: date | None, outcome: str = "Y", **more: Any) -> Node:
    return {"receiveddate": received, "requestsource": "2", "rya": False, "requestoutcome": outcome,
            "requestmediation": False, "requesttribunal": False, "exported": "0", **more}  # fmt: skip


def plan(start: date, *details: Node, **more: Any) -> Node:
    return {"startdate": start, "planres": None, "planwbp": None, "pb": True, "oa": False, "dp": "E", **more,
            "plandetail": list(details) or [{"urn": "900001", "placementrank": "1"}]}  # fmt: skip


def active(**more: Any) -> Node:
    place = {"urn": "900001", "placementrank": "1", "entrydate": date(2023, 9, 1), "senunitindicator": True, "wbp": "S"}
    reviewed = {"reviewmeeting": date(2024, 5, 1), "reviewoutcome": "M", "lastreview": date(2024, 5, 20)}
    need = {"sentype": "ASD", "sentyperank": "1"}
    return {"transferla": None, **reviewed, "placementdetail": [place], "senneed": [need], **more}


def assessed(*plans: Node, outcome: str = "Y") -> Node:
    return {"assessmentoutcome": outcome, "assessmentoutcomedate": date(2024, 4, 2), "assessmentmediation": False,
            "week20": False, "namedplan": list(plans)}  # fmt: skip


def six_people() -> list[Node]:
    """Requested and planned; refused; historical with an active plan; two requests; no UPN; still waiting."""
    detail = {"ukprn": "10099999", "sensetting": "OTH", "placementrank": "2", "resourcedprovisionindicator": True}
    two_needs = [{"sentype": "SEMH", "sentyperank": "2"}, {"sentype": "SLCN", "sentyperank": "1"}]
    first = {"urn": "900002", "placementrank": "1", "senunitindicator": False}
    return [
        person(1, date(2013, 8, 31), [request(date(2024, 1, 8), requestoutcomedate=date(2024, 2, 12),
               assessment=[assessed(plan(date(2024, 5, 20), first, detail))],
               activeplans=[active(senneed=two_needs)])]),
        person(2, date(2013, 9, 1), [request(date(2024, 3, 4), "N", requesttribunal=True)]),
        person(3, date(2009, 1, 15), [request(None, "H", requestsource=None, activeplans=[active(transferla="998")])]),
        person(4, date(2018, 2, 28), [request(date(2024, 1, 20), "W"), request(date(2024, 6, 1),
               assessment=[assessed(outcome="N")])]),
        person(5, date(2002, 11, 3), [request(date(2024, 2, 1), assessment=[assessed(plan(date(2024, 7, 1),
               planres="A", ceasedate=date(2024, 12, 1), ceasereason="3"))])], upn=None, upnunknown="UN4"),
        person(6, date(2020, 5, 5), [request(date(2024, 12, 10), "A")]),
    ]  # fmt: skip


HEADER = {"collection": "SEN2", "year": "2025", "referencedate": date(2025, 1, 16), "lea": "999", "dmo": True}


def flat(people: list[Node], header: Node | None = None) -> dict[str, list[Node]]:
    """Rows by module with ids, parents before children."""
    rows: dict[str, list[Node]] = {name: [] for name in MODULES}
    rows["sen2"].append({**(HEADER if header is None else header), "sen2tableid": 1})

    def add(node: Node, module: str, links: Node) -> None:
        own = {**links, f"{module}tableid": len(rows[module]) + 1}
        rows[module].append({**own, **{k: v for k, v in node.items() if k not in MODULES}})
        for child in (name for name in MODULES if isinstance(node.get(name), list)):
            for below in node[child]:
                add(below, child, {f"{module}tableid": own[f"{module}tableid"], "request": own.get("requeststableid",
                    links.get("request")), "person": own.get("persontableid", links.get("person"))})  # fmt: skip

    for one in people:
        add(one, "person", {"sen2tableid": 1})
    return rows


def blade_cell(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:%Y-%b-%d} 00:00:00" if isinstance(value, date) else "" if value is None else str(value)


def write_csvs(folder: Path, rows: dict[str, list[Node]], *, skip: tuple[str, ...] = ()) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for module in (name for name in MODULES if name not in skip):
        keys = [f"{module}tableid", "NativeId", f"{module}orderseqcolumn", "sourceid", MODULES[module].parent_id]
        fields = dict.fromkeys(key for row in rows[module] for key in row if key not in ("request", "person"))
        names = list(dict.fromkeys([*keys[: 5 if MODULES[module].parent else 4], *fields]))
        paths.append(folder / f"Blade-Export_14-02-2025_{module}.csv")
        with paths[-1].open("w", newline="", encoding="utf-8") as handle:
            writer = csv.writer(handle)
            writer.writerow(names)
            for number, row in enumerate(rows[module], start=1):
                more = {"NativeId": "999", f"{module}orderseqcolumn": f"{number}.0", "sourceid": "1"}
                writer.writerow([blade_cell({**row, **more}.get(name)) for name in names])
    return paths


def xml_text(people: list[Node], *, header: Node | None = None, new_line: str = "\n") -> str:
    """The return as XML, elements in the spelling of the guide and in a namespace."""

    def leaf(name: str, value: Any) -> str:
        text = "" if value is None else str(int(value)) if isinstance(value, bool) else str(value)
        tag = ELEMENTS.get(name, name.upper() if len(name) < 4 else name.title())
        return f"<{tag}>{escape(text)}</{tag}>{new_line}"

    def node(tag: str, given: Node) -> str:
        inside = "".join(leaf(k, v) for k, v in given.items() if k not in MODULES and v is not None)
        inside += "".join(node(MODULES[m].element, below) for m in MODULES for below in given.get(m, []))
        return f"<{tag}>{new_line}{inside}</{tag}>{new_line}"

    given = HEADER if header is None else header
    details = "".join(leaf(k, v) for k, v in given.items() if k in ("collection", "year", "referencedate"))
    source = "".join(leaf(k, v) for k, v in given.items() if k == "lea")
    head = f"<CollectionDetails>{details}</CollectionDetails><Source>{source}</Source>"
    people_text = "".join(node("Person", one) for one in people)
    return (f'<?xml version="1.0" encoding="UTF-8"?>\n<Message xmlns="urn:invented"><Header>{new_line}{head}</Header>'
            f"{new_line}<DMO>1</DMO><Persons>{new_line}{people_text}</Persons></Message>")  # fmt: skip


def write_xml(path: Path, people: list[Node], **more: Any) -> Path:
    path.write_text(xml_text(people, **more), encoding="utf-8")
    return path


ID_HEADS = {"person": "Person ID\n\n(This must be a unique ID for each Person record)",
            "requests": "Requests record ID\n\n(This must be a unique ID for each Requests record)"}  # fmt: skip
LINK_HEADS = {"person": "Person ID\n\n(This must match the relevant ID in the Person record table)",
              "requests": "Requests record ID\n\n(This must match the relevant ID in the Requests table)"}  # fmt: skip


def template_cell(value: Any) -> Any:
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, date):
        return float((value - date(1899, 12, 30)).days)
    return float(value) if isinstance(value, str) and value.isdigit() else value


def write_template(path: Path, rows: dict[str, list[Node]]) -> Path:
    """The submission template: titles, headings with line breaks, floats, serial dates, prefilled empty rows."""
    book = openpyxl.Workbook()
    book.active.title = "Guidance"
    book.active["A1"] = "Person Record"
    sheet = book.create_sheet("Data Entry Template")
    sheet.cell(2, 1, "SEN2 person level return")
    line = 4
    for module in MODULES.values():
        heads = {"Record Type": lambda row: 1.0}
        if module.name != "sen2":
            heads["LA\n(From Header Record)"] = lambda row: 999.0
        if module.name in ID_HEADS:
            heads[ID_HEADS[module.name]] = lambda row, key=module.id: float(row[key])
        if module.name not in ("sen2", "person"):
            heads[LINK_HEADS["person"]] = lambda row: float(row.get("persontableid", row.get("person")) or 0)
        if module.name not in ("sen2", "person", "requests"):
            heads[LINK_HEADS["requests"]] = lambda row: float(row.get("requeststableid", row.get("request")) or 0)
        for name, (_, *also) in module.fields.items():
            title = also[-1] if also else name.upper()
            title = {"Gender": "Sex"}.get(title, title.replace(" - ", " – ").replace(" of ", " \nof ", 1))
            heads[title] = lambda row, key=name: template_cell(row.get(key))
        if module.name == "person":
            heads["Surname"] = lambda row: row["surname"]
            heads["Post Code"] = lambda row: row["postcode"]
        sheet.cell(line, 1, module.title)
        for place, title in enumerate(heads, start=1):
            sheet.cell(line + 1, place, title)
        for row in rows[module.name]:
            for place, value in enumerate(heads.values(), start=1):
                sheet.cell(line + 2, place, value(row))
            line += 1
        sheet.cell(line + 2, 1, 1.0)  # a row that holds but what the template fills in
        sheet.cell(line + 2, 2, 999.0 if module.name != "sen2" else None)
        sheet.cell(line + 4, 1, "Add rows above this line")
        line += 6
    book.save(path)
    return path


def text_of(path: Path) -> TextTable:
    with path.open(encoding="utf-8", newline="") as handle:
        names, *rows = csv.reader(handle)
    cells = {name: [row[place] or None for row in rows] for place, name in enumerate(names)}
    frame = pl.DataFrame(cells, schema=dict.fromkeys(names, pl.String)).with_row_index(LINE, offset=2)
    return TextTable(path, frame.with_columns(pl.col(LINE).cast(pl.Int64)), "utf-8-sig")


def read_csvs(paths: list[Path], **given: dict[str, str]) -> list[tuple[TextTable, str, Reading]]:
    files = [(text, str(sen2.table_of(text.columns))) for text in map(text_of, paths)]
    return [(text, name, done) for (text, done), (_, name) in zip(sen2.read_set(files, given), files, strict=True)]


def tables(outcome: list[tuple[TextTable, str, Reading]]) -> dict[str, pl.DataFrame]:
    """The EHC tables, sorted; the marks of blank UPNs, which name file and line, made alike."""
    parts: dict[str, list[pl.DataFrame]] = {name: [pl.DataFrame(schema=TABLES[name].polars_schema)] for name in EHC}
    for _, _, done in outcome:
        for name, rows in done.tables.items():
            parts[name].append(rows)
    blank = pl.when(pl.col("pupil_id").str.starts_with(BLANK)).then(pl.lit("blank")).otherwise("pupil_id")
    return {
        name: pl.concat(found).with_columns(blank.alias("pupil_id")).sort(pl.all(), nulls_last=True)
        for name, found in parts.items()
    }


def problems(outcome: list[tuple[TextTable, str, Reading]]) -> dict[tuple[str, str], list[int]]:
    found: dict[tuple[str, str], list[int]] = {}
    for _, module, done in outcome:
        for row in done.problems.iter_rows(named=True):
            found.setdefault((module, row["rule"]), []).append(row["row"])
    return found


def loaded(outcome: list[tuple[TextTable, str, Reading]]) -> dict[str, tuple[int, int]]:
    """Rows read and quarantined, by module."""
    return {module: (text.rows.height, len(done.bad_lines)) for text, module, done in outcome}


def three_doors(folder: Path, people: list[Node]) -> list[dict[str, pl.DataFrame]]:
    rows = flat(people)
    return [
        tables(read_csvs(write_csvs(folder / "csv", rows))),
        tables(sen2_xml.read_xml(write_xml(folder / "return.xml", people))),
        tables(sen2_workbook.read_template(write_template(folder / "template.xlsx", rows))),
    ]


def test_three_doors_give_the_same_tables(tmp_path):
    by_csv, by_xml, by_template = three_doors(tmp_path, six_people())
    for name in EHC:
        assert by_csv[name].equals(by_xml[name]), name
        assert by_csv[name].equals(by_template[name]), name
    assert {name: rows.height for name, rows in by_csv.items()} == {
        "ehc_requests": 7, "ehc_plans": 2, "ehc_placements": 5}  # fmt: skip
    first = by_csv["ehc_requests"].filter(pl.col("pupil_id") == upn(1)).to_dicts()[0]
    assert first["age_at_31_august"] == 11 and first["sex"] == "F" and first["la_code"] == "999"
    assert first["plan_start_date"] == date(2024, 5, 20) and first["received_date"] == date(2024, 1, 8)
    assert (first["week20"], first["personal_budget"], first["return_year"]) == (False, True, "2025")
    plans = by_csv["ehc_plans"].filter(pl.col("pupil_id") == upn(1))
    assert plans.select("sen_primary_need", "sen_secondary_need").row(0) == ("SLCN", "SEMH")
    placed = by_csv["ehc_placements"].filter(pl.col("pupil_id") == upn(1))
    assert sorted(placed["plan"]) == ["active", "named", "named"] and "10099999" in placed["ukprn"].to_list()


def test_ages_are_taken_on_31_august_before_the_return(tmp_path):
    ages = dict(
        three_doors(tmp_path, six_people())[1]["ehc_requests"].select("pupil_id", "age_at_31_august").iter_rows()
    )
    assert [ages[upn(1)], ages[upn(2)], ages["blank"]] == [11, 10, 21]  # born 31 August, 1 September, November


def test_a_second_request_has_its_own_number_and_a_historical_one_stays_as_it_is(tmp_path):
    requests = three_doors(tmp_path, six_people())[0]["ehc_requests"]
    of_four = requests.filter(pl.col("pupil_id") == upn(4)).sort("request_number")
    assert of_four["request_number"].to_list() == [1, 2] and of_four["request_outcome"].to_list() == ["W", "Y"]
    assert of_four["assessment_outcome"].to_list() == [None, "N"]
    historical = requests.filter(pl.col("request_outcome") == "H").to_dicts()[0]
    assert historical["received_date"] is None and historical["plan_start_date"] is None


def test_every_row_is_accounted_for_and_nothing_personal_leaves(tmp_path):
    people, rows = six_people(), flat(six_people())
    template = write_template(tmp_path / "t.xlsx", rows)
    for outcome in (
        read_csvs(write_csvs(tmp_path / "csv", rows)),
        sen2_xml.read_xml(write_xml(tmp_path / "r.xml", people)),
        sen2_workbook.read_template(template),
    ):
        assert loaded(outcome) == {name: (len(rows[name]), 0) for name in MODULES}
        assert all(done.known_from == "return of 2025 from header" for _, _, done in outcome)
        told = "".join(done.problems.write_csv() + str(done.tables) for _, _, done in outcome)
        assert not any(word in told for word in (*NAMES.values(), "2013-08-31"))
    texts = [text.rows.write_csv() for text, _ in sen2_xml.read_modules(tmp_path / "r.xml")]
    texts += [text.rows.write_csv() for text, _ in sen2_workbook.read_modules(template)]
    assert not any(word in text for word in NAMES.values() for text in texts)


def test_orphans_and_what_hangs_under_a_quarantined_row_are_quarantined(tmp_path):
    rows = flat(six_people())
    rows["requests"][0]["receiveddate"] = "Michaelmas"
    rows["senneed"][2]["activeplanstableid"] = 77
    rows["requests"][3]["persontableid"] = None
    outcome = read_csvs(write_csvs(tmp_path, rows))
    found = problems(outcome)
    assert found["requests", "date_unreadable"] == [2] and found["requests", "no_such_parent"] == [5]
    assert found["senneed", "no_such_parent"] == [4]
    for module in ("assessment", "activeplans", "namedplan", "plandetail", "placementdetail"):
        assert 2 in found[module, "parent_quarantined"]
    assert loaded(outcome)["requests"] == (7, 2) and loaded(outcome)["person"] == (6, 0)
    kept = tables(outcome)
    assert kept["ehc_requests"].height == 5 and upn(1) not in kept["ehc_plans"]["pupil_id"].to_list()
    assert "Michaelmas" not in "".join(done.problems.write_csv() for _, _, done in outcome)


def test_a_module_that_is_not_given_is_said(tmp_path):
    rows = flat(six_people())
    outcome = read_csvs(write_csvs(tmp_path / "a", rows, skip=("senneed",)))
    rules = {(module, rule.rule, rule.column) for _, module, done in outcome for rule in done.not_run}
    assert ("activeplans", "too_few", "SENneed") in rules and "senneed" not in loaded(outcome)
    orphans = read_csvs(write_csvs(tmp_path / "b", rows, skip=("person",)))
    assert loaded(orphans)["requests"] == (7, 7) and tables(orphans)["ehc_requests"].is_empty()


def test_one_record_too_many_and_one_too_few(tmp_path):
    people = six_people()
    people[0]["requests"][0]["assessment"].append(assessed())
    people[0]["requests"][0]["activeplans"][0]["senneed"] += [{"sentype": "HI", "sentyperank": "1"}] * 2
    people[2]["requests"][0]["activeplans"][0]["placementdetail"] = []
    people[0]["requests"][0]["assessment"][0]["namedplan"][0]["plandetail"].append({"urn": "900003"})
    people.append(person(7, date(2015, 1, 1), []))
    for outcome in (
        read_csvs(write_csvs(tmp_path / "csv", flat(people))),
        sen2_xml.read_xml(write_xml(tmp_path / "r.xml", people)),
    ):
        found = problems(outcome)
        assert loaded(outcome)["assessment"][1] == 1 and len(found["assessment", "too_many"]) == 1
        assert len(found["plandetail", "too_many"]) == 1 and loaded(outcome)["plandetail"][1] == 0
        assert len(found["senneed", "too_many"]) == 2 and len(found["senneed", "need_rank_repeated"]) == 2
        assert len(found["activeplans", "too_few"]) == 1
        assert len(found["person", "too_few"]) == 1 and loaded(outcome)["person"] == (7, 0)
        assert tables(outcome)["ehc_requests"].height == 7


def test_dates_that_cannot_be_in_this_order_are_warned_of_and_loaded(tmp_path):
    people = [person(1, date(2024, 2, 1), [request(date(2024, 1, 8), requestoutcomedate=date(2024, 1, 1),
              assessment=[{**assessed(plan(date(2024, 1, 2), ceasedate=date(2024, 1, 1))),
                           "assessmentoutcomedate": date(2024, 1, 5)}],
              activeplans=[active(lastreview=date(2024, 4, 1), placementdetail=[{"urn": "900001", "placementrank": "1",
                           "entrydate": date(2024, 9, 1), "leavingdate": date(2024, 8, 1)}])])])]  # fmt: skip
    outcome = read_csvs(write_csvs(tmp_path, flat(people)))
    found = problems(outcome)
    assert {rule for _, rule in found} == {order.rule for order in DATE_ORDERS}
    assert all(quarantined == 0 for _, quarantined in loaded(outcome).values())
    assert tables(outcome)["ehc_requests"]["plan_start_date"].to_list() == [date(2024, 1, 2)]


def test_one_upn_in_two_records_is_one_person(tmp_path):
    people = [*six_people(), person(1, date(2013, 8, 31), [request(date(2024, 9, 1), "A")], upn=f" {upn(1).lower()}")]
    outcome = sen2_xml.read_xml(write_xml(tmp_path / "r.xml", people))
    assert len(problems(outcome)["person", "upn_repeated"]) == 1
    mine = pl.col("pupil_id").str.to_uppercase() == upn(1)
    assert tables(outcome)["ehc_requests"].filter(mine)["request_number"].sort().to_list() == [1, 2]


def test_a_doubtful_date_of_birth_costs_the_age_and_not_the_row(tmp_path):
    people = six_people()
    people[0]["personbirthdate"], people[1]["personbirthdate"] = "31/31/2013", date(1991, 1, 1)
    outcome = sen2_xml.read_xml(write_xml(tmp_path / "r.xml", people))
    found = problems(outcome)
    assert len(found["person", "date_unreadable"]) == 1 and len(found["person", "age_unlikely"]) == 1
    assert loaded(outcome)["person"] == (6, 0)
    ages = dict(tables(outcome)["ehc_requests"].select("pupil_id", "age_at_31_august").iter_rows())
    assert ages[upn(1)] is None and ages[upn(2)] is None and ages[upn(6)] == 4


def test_the_form_before_2024(tmp_path):
    people = six_people()
    for one in people:
        one["gendercurrent"] = one.pop("sex")
        for asked in one["requests"]:
            asked.pop("requestsource")
            for current in asked.get("activeplans", []):
                current |= {"res": "A", "wbp": "T"}
                for name in ("reviewmeeting", "reviewoutcome"):
                    current.pop(name)
                for place in current["placementdetail"]:
                    place.pop("wbp")
    header = {**HEADER, "year": "2023"}
    by_csv = read_csvs(write_csvs(tmp_path / "csv", flat(people, header)))
    by_xml = sen2_xml.read_xml(write_xml(tmp_path / "r.xml", people, header=header))
    assert all(tables(by_csv)[name].equals(tables(by_xml)[name]) for name in EHC)
    plans, requests = tables(by_csv)["ehc_plans"], tables(by_csv)["ehc_requests"]
    assert plans["residential"].to_list() == ["A", "A"] and plans["work_based"].to_list() == ["T", "T"]
    assert set(requests["sex"]) == {"M", "F"} and set(requests["return_year"]) == {"2023"}
    not_run = {(module, rule.rule, rule.column) for _, module, done in by_csv for rule in done.not_run}
    assert ("requests", "code_unknown", "request_source") in not_run
    assert ("activeplans", "date_unreadable", "phase_transfer_due") in not_run
    assert ("activeplans", "review_decided_before_meeting", "review_meeting") in not_run


def test_year_and_authority_without_a_header(tmp_path):
    rows = flat(six_people(), {"collection": "SEN2"})
    named = read_csvs(write_csvs(tmp_path / "a", rows))
    assert named[0][2].known_from == "return of 2025 from file name"
    assert set(tables(named)["ehc_requests"]["la_code"]) == {"999"}  # from NativeId
    paths = write_csvs(tmp_path / "b", rows)
    paths = [path.rename(path.with_name(f"export_{path.stem.rpartition('_')[2]}.csv")) for path in paths]
    unknown = read_csvs(paths)
    assert all(read == bad for read, bad in loaded(unknown).values())
    assert {rule for _, rule in problems(unknown)} == {"return_year_unknown"}
    settled = read_csvs(paths, **{"export_person.csv": {"return_year": "2024"}})
    assert settled[0][2].known_from == "return of 2024 from sendlab.toml"
    assert set(tables(settled)["ehc_requests"]["return_year"]) == {"2024"}
    by_xml = sen2_xml.read_xml(
        write_xml(tmp_path / "SEN2_998_2024-25.xml", six_people(), header={"collection": "SEN2"})
    )
    assert tables(by_xml)["ehc_requests"].select("return_year", "la_code").unique().row(0) == ("2025", "998")


def test_two_exports_in_one_folder_are_told_apart_by_name(tmp_path):
    first = write_csvs(tmp_path, flat(six_people()))
    first = [path.rename(path.with_name(f"a_{path.name}")) for path in first]
    second = write_csvs(tmp_path, flat(six_people()[:1], {**HEADER, "year": "2024"}))
    outcome = read_csvs([*second, *first])
    assert all(bad == 0 for _, _, done in outcome for bad in [len(done.bad_lines)])
    assert tables(outcome)["ehc_requests"]["return_year"].value_counts(sort=True)["count"].to_list() == [7, 1]


def test_module_csvs_are_recognised_and_school_census_tables_are_not(tmp_path):
    for path in write_csvs(tmp_path, flat(six_people())):
        assert sen2.table_of(text_of(path).columns) == path.stem.rpartition("_")[2]
    census = ["senneedstableid", "NativeId", "senneedsorderseqcolumn", "pupilonrolltableid", "sentype"]
    assert sen2.table_of(census) is None and blade.table_of(census) == "senneeds"


def test_the_template_is_recognised_by_its_sheet(tmp_path):
    assert sen2_workbook.is_template(write_template(tmp_path / "x.xlsx", flat(six_people())))
    other = openpyxl.Workbook()
    other.active.title = "Data Entry Template"
    other.active["A1"] = "Something else"
    other.save(tmp_path / "y.xlsx")
    (tmp_path / "z.xlsx").write_bytes(b"PK\x03\x04 not a workbook")
    (tmp_path / "person.csv").write_text("a,b\n")
    assert not any(sen2_workbook.is_template(tmp_path / name) for name in ("y.xlsx", "z.xlsx", "person.csv"))
    with pytest.raises(DataProblem, match="Data Entry Template"):
        sen2_workbook.read_template(tmp_path / "z.xlsx")


def test_rows_of_the_template_are_those_that_excel_shows(tmp_path):
    rows = flat(six_people())
    rows["requests"][1]["receiveddate"], rows["senneed"][0]["request"] = "Michaelmas", 77
    path = write_template(tmp_path / "x.xlsx", rows)
    outcome = sen2_workbook.read_template(path)
    sheet = openpyxl.load_workbook(path)["Data Entry Template"]
    titles = {sheet.cell(line, 1).value: line for line in range(1, sheet.max_row + 1)}
    found = problems(outcome)
    assert found["requests", "date_unreadable"] == [titles["Requests Records"] + 3]
    assert found["senneed", "no_such_parent"] == [titles["SEN Need Records"] + 2]
    assert {text.sheet for text, name, _ in outcome if name == "senneed"} == {"Data Entry Template, SEN Need Records"}


@pytest.mark.parametrize("request_id", ["Requests ID", "Request\nrecord ID", "requeststableid", "Requests Records ID"])
def test_ids_of_the_template_go_by_other_headings(tmp_path, request_id):
    expected = tables(sen2_workbook.read_template(write_template(tmp_path / "x.xlsx", flat(six_people()))))
    book = openpyxl.load_workbook(tmp_path / "x.xlsx")
    for row in book["Data Entry Template"].iter_rows():
        for cell in row:
            if str(cell.value).startswith("Requests record ID"):
                cell.value = request_id
    book.save(tmp_path / "y.xlsx")
    found = tables(sen2_workbook.read_template(tmp_path / "y.xlsx"))
    assert all(found[name].equals(expected[name]) for name in EHC) and found["ehc_plans"].height == 2


def stacked_book(path: Path, heads: dict[str, list[str]]) -> Path:
    """A template with one record a table, whose ids are all their own: the table's place times 10."""
    book = openpyxl.Workbook()
    book.active.title = "Data Entry Template"
    cells = {"Person ID": 10, "Requests ID": 20, "Assessment ID": 30, "Named Plan ID": 40, "UPN": upn(1),
             "Person Birth Date": date(2013, 8, 31), "Received Date": date(2024, 1, 8), "Request Outcome": "Y",
             "Assessment Outcome": "Y", "Start Date": date(2024, 5, 20), "URN": 900001, "Placement Rank": 1,
             "Year": 2025, "LEA": 999, "Collection": "SEN2"}  # fmt: skip
    for title, names in heads.items():
        for row in ([title], names, [cells[name] for name in names], []):
            book.active.append(row)
    book.save(path)
    return path


OWN_IDS = {
    "Header Record": ["Collection", "Year", "LEA"], "Person Record": ["Person ID", "UPN", "Person Birth Date"],
    "Requests Records": ["Person ID", "Requests ID", "Received Date", "Request Outcome"],
    "Assessments Records": ["Requests ID", "Assessment ID", "Assessment Outcome"],
    "Named Plan Records": ["Assessment ID", "Named Plan ID", "Start Date"],
    "Plan Detail Records": ["Named Plan ID", "URN", "Placement Rank"],
}  # fmt: skip


def test_a_template_may_link_each_table_to_the_one_above(tmp_path):
    found = tables(sen2_workbook.read_template(stacked_book(tmp_path / "x.xlsx", OWN_IDS)))
    assert {name: rows.height for name, rows in found.items()} == {
        "ehc_requests": 1, "ehc_plans": 0, "ehc_placements": 1}  # fmt: skip
    assert found["ehc_requests"]["plan_start_date"].to_list() == [date(2024, 5, 20)]


def test_a_template_without_an_id_is_refused_with_its_name(tmp_path):
    lacking = {title: [name for name in names if name not in ("Requests ID", "Named Plan ID")]
               for title, names in OWN_IDS.items()}  # fmt: skip
    with pytest.raises(DataProblem) as caught:
        sen2_workbook.read_template(stacked_book(tmp_path / "x.xlsx", lacking))
    assert caught.value.problems == [
        "the table 'Requests Records' has no column 'Requests record ID'",
        "the table 'Assessments Records' has no column 'Requests record ID'",
        "the table 'Plan Detail Records' has no column 'Requests record ID'",
    ]


def test_records_on_one_line_are_numbered(tmp_path):
    people = six_people()
    people[1]["requests"][0]["receiveddate"] = "soon"
    outcome = sen2_xml.read_xml(write_xml(tmp_path / "r.xml", people, new_line=""))
    assert problems(outcome)["requests", "date_unreadable"] == [2] and loaded(outcome)["requests"] == (7, 1)
    assert {text.sheet for text, name, _ in outcome if name == "requests"} == {"requests, nth record"}
    lines = sen2_xml.read_xml(write_xml(tmp_path / "s.xml", people))
    row = problems(lines)["requests", "date_unreadable"][0]
    assert (tmp_path / "s.xml").read_text(encoding="utf-8").splitlines()[row - 1] == "<Requests>"


def test_a_field_given_twice_comes_to_light(tmp_path):
    once = "<Receiveddate>2024-03-04</Receiveddate>"
    text = xml_text(six_people()).replace(once, f"{once}<ReceivedDate>2024-04-05</ReceivedDate>")
    (tmp_path / "r.xml").write_text(text, encoding="utf-8")
    outcome = sen2_xml.read_xml(tmp_path / "r.xml")
    assert loaded(outcome)["requests"] == (7, 1) and len(problems(outcome)["requests", "date_unreadable"]) == 1


GOOD = xml_text(six_people())
SECRET = "Quillfeather"
HOSTILE = {
    "external entity": (f'<!DOCTYPE m [<!ENTITY x SYSTEM "file:///etc/passwd">]><Message><UPN>&x;{SECRET}</UPN></Message>',
                        "document type"),
    "entity bomb": ('<!DOCTYPE m [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;">]>'
                    "<Message>&c;</Message>", "document type"),
    "outside document type": ('<!DOCTYPE Message SYSTEM "http://127.0.0.1:9/x.dtd"><Message/>', "document type"),
    "parameter entity": ('<!DOCTYPE m [<!ENTITY % p SYSTEM "x">%p;]><Message/>', "document type"),
    "undeclared entity": (f"<Message>&{SECRET};</Message>", "line 1"),
    "deep": ("<Message>" + "<a>" * 100_000, "nested more than 64"),
    "huge attribute": ('<Message a="' + "y" * 3_000_000 + '"/>', "longer than"),
    "many attributes": ("<Message " + " ".join(f'a{i}="1"' for i in range(5_000)) + "/>", "names"),
    "many names": ("<Message>" + "".join(f"<a{i}/>" for i in range(5_000)) + "</Message>", "names"),
    "long name": (f"<Message><{SECRET * 200}/></Message>", "characters"),
    "huge comment": ("<Message><!--" + "y" * 3_000_000 + "--></Message>", "longer than"),
    "huge field": (GOOD.replace(f"<UPN>{upn(1)}", f"<UPN>{SECRET * 20_000}"), "longer than"),
    "truncated": (GOOD[: len(GOOD) // 2], "breaks off|well-formed"),
    "truncated in a tag": (GOOD[: GOOD.index("<UPN>") + 3], "breaks off"),
    "wrong end": (GOOD.replace("</Persons>", f"</{SECRET}>"), "well-formed"),
    "two roots": (f"{GOOD}{GOOD.partition('?>')[2]}", "well-formed"),
    "no XML": ("upn,sex\n1,2\n", "well-formed"),
    "empty": ("", "breaks off"),
    "NUL": (GOOD.replace(SECRET, "a\0b"), "NUL"),
    "unknown encoding": (GOOD.replace("UTF-8", "x-martian"), "encoding"),
    "no text encoding": (GOOD.replace("UTF-8", "rot13"), "encoding"),
    "said to be UTF-16": (GOOD.replace("UTF-8", "UTF-16"), "encoding"),
    "no people": ("<Message><Header><Collection>SEN2</Collection></Header></Message>", "no Person record"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_xml_is_refused_with_a_clear_message(tmp_path, case):
    text, expected = HOSTILE[case]
    path = tmp_path / "hostile.xml"
    path.write_bytes(text.encode("utf-8"))
    begun = time.process_time()
    with pytest.raises(DataProblem, match=expected) as caught:
        sen2_xml.read_xml(path)
    assert time.process_time() - begun < 10 and str(caught.value).startswith("hostile.xml: 1 problem")
    assert SECRET not in str(caught.value) and "next:" in str(caught.value)


def test_other_encodings(tmp_path):
    path = tmp_path / "r.xml"
    for encoding in ("utf-16", "utf-16-le", "utf-32"):
        path.write_bytes(GOOD.encode(encoding))
        with pytest.raises(DataProblem, match="UTF-16"):
            sen2_xml.read_xml(path)
    accented = GOOD.replace(SECRET, "Zoë")
    path.write_bytes(accented.encode("cp1252"))  # says UTF-8
    with pytest.raises(DataProblem, match="encoding it names"):
        sen2_xml.read_xml(path)
    path.write_bytes(accented.replace("UTF-8", "windows-1252").encode("cp1252"))
    assert tables(sen2_xml.read_xml(path))["ehc_requests"].height == 7
    path.write_bytes(b"\xef\xbb\xbf" + accented.encode())
    assert tables(sen2_xml.read_xml(path))["ehc_requests"].height == 7
    with pytest.raises(DataProblem, match="folder"):
        sen2_xml.read_xml(tmp_path)


def test_a_file_beyond_the_limit_is_refused_unread(tmp_path, monkeypatch):
    monkeypatch.setattr(hardened_xml, "MAX_BYTES", 1_000)
    with pytest.raises(DataProblem, match="larger than"):
        sen2_xml.read_xml(write_xml(tmp_path / "r.xml", six_people()))
    monkeypatch.undo()
    monkeypatch.setattr(hardened_xml, "MAX_ELEMENTS", 50)
    with pytest.raises(DataProblem, match="more than 50 elements"):
        sen2_xml.read_xml(tmp_path / "r.xml")


def test_memory_does_not_grow_with_what_is_not_kept(tmp_path):
    path = tmp_path / "r.xml"
    padding = "<Note><Line>nothing that is read</Line></Note>\n" * 100_000  # 4.6 MB
    path.write_text(GOOD.replace("<Persons>", f"<Persons>{padding}"), encoding="utf-8")
    gc.collect()
    tracemalloc.start()
    try:
        found = sen2_xml.read_modules(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sum(text.rows.height for text, _ in found) == sum(map(len, flat(six_people()).values()))
    assert peak < 2_000_000


days = st.dates(date(2023, 1, 1), date(2024, 12, 31))
codes, ranks = st.sampled_from(["ASD", "SEMH", "SLCN", "HI"]), st.sampled_from(["1", "2"])
needs = st.lists(st.builds(lambda code, rank: {"sentype": code, "sentyperank": rank}, codes, ranks), max_size=2)
urns = st.sampled_from(["900001", "900002", None])
details = st.builds(lambda urn, rank, unit: {"urn": urn, "placementrank": rank, "senunitindicator": unit}, urns, ranks,
                    st.booleans())  # fmt: skip
plans = st.builds(lambda start, some: {**plan(start), "plandetail": some}, days, st.lists(details, max_size=2))
actives = st.builds(lambda some, met, where: active(senneed=some, reviewmeeting=met, placementdetail=where),
                    needs, days, st.lists(details, max_size=2))  # fmt: skip
assessments = st.builds(lambda some: assessed(*some), st.lists(plans, max_size=1))
requested = st.builds(
    lambda day, out, some, now: request(day, out, assessment=some, activeplans=now),
    days, st.sampled_from("YNAWH"), st.lists(assessments, max_size=1), st.lists(actives, max_size=1),
)  # fmt: skip
returns = st.lists(st.tuples(st.dates(date(1999, 9, 1), date(2024, 1, 1)), st.lists(requested, max_size=3)),
                   min_size=1, max_size=4)  # fmt: skip


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(returns)
def test_any_small_return_reads_the_same_through_three_doors(drawn):
    people = [person(number, born, requests) for number, (born, requests) in enumerate(drawn, start=1)]
    with tempfile.TemporaryDirectory() as folder:
        by_csv, by_xml, by_template = three_doors(Path(folder), people)
    assert by_csv["ehc_requests"].height == sum(len(requests) for _, requests in drawn)
    for name in EHC:
        assert by_csv[name].equals(by_xml[name]), name
        assert by_csv[name].equals(by_template[name]), name


places = st.integers(0, len(GOOD))
spoilt = st.builds(lambda cut, junk, rest: GOOD.encode()[:cut] + junk + GOOD.encode()[rest:], places,
                   st.binary(max_size=8), places)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=300), spoilt))
def test_random_bytes_are_read_or_a_data_problem(raw):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "random.xml"
        path.write_bytes(raw)
        try:
            sen2_xml.read_xml(path)
        except DataProblem as problem:
            assert problem.source == "random.xml"
