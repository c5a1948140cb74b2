"""SEN2 returns as files: XML, module CSVs as COLLECT exports them, and the Excel submission template."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import polars as pl

from sendlab.sample.ehc import Return
from sendlab.sample.reference_files import write_sheet
from sendlab.sample.settings import settings
from sendlab.sample.support import DAY, extra

BLADE_DATE = "%Y-%b-%d 00:00:00"
EPOCH = np.datetime64("1899-12-30")  # day 0 of Excel's serial numbers
SERIAL = ("ReceivedDate", "RequestOutcomeDate")  # dates that someone typed as dates, not as text
Modules = dict[str, pl.DataFrame]


def write_returns(returns: list[Return], folder: Path) -> list[Path]:
    """The latest return as XML, the one before as module CSVs, older ones as the Excel template."""
    writers = [write_xml, write_modules]
    paths: list[Path] = []
    for age, found in enumerate(reversed(returns)):
        paths += (writers[age] if age < len(writers) else write_template)(found, folder)
    return paths


def modules_of(found: Return) -> Modules:
    """{module: rows}: `id` and `parent` (id in the parent's module), and the fields of the return with typed values."""
    persons = found.persons.with_columns(id=pl.int_range(1, pl.len() + 1))
    owner = persons.select("pupil_id", parent="id")
    requests = found.requests.with_columns(id=pl.int_range(1, pl.len() + 1)).join(
        owner, on="pupil_id", maintain_order="left"
    )
    key = ["pupil_id", "request_number"]
    of_request = requests.select(*key, parent="id")
    assessed = requests.filter(pl.col("assessment_outcome").is_not_null()).with_columns(parent="id")
    assessed = assessed.with_columns(id=pl.int_range(1, pl.len() + 1))
    planned = assessed.filter(pl.col("plan_start_date").is_not_null()).with_columns(parent="id")
    planned = planned.with_columns(id=pl.int_range(1, pl.len() + 1))
    active = found.plans.join(of_request, on=key, maintain_order="left").with_columns(id=pl.int_range(1, pl.len() + 1))
    needs = [
        active.filter(pl.col(name).is_not_null()).select(parent="id", sen_type=name, sen_type_rank=pl.lit(rank))
        for rank, name in (("1", "sen_primary_need"), ("2", "sen_secondary_need"))
    ]
    places = {
        plan: found.placements.filter(plan=plan).join(above.select(*key, parent="id"), on=key, maintain_order="left")
        for plan, above in (("named", planned), ("active", active))
    }
    return {
        "person": persons, "requests": requests, "assessment": assessed, "namedplan": planned,
        "plandetail": places["named"].with_columns(id=pl.int_range(1, pl.len() + 1)), "activeplans": active,
        "placementdetail": places["active"].with_columns(id=pl.int_range(1, pl.len() + 1)),
        "senneed": pl.concat(needs).sort("parent", "sen_type_rank").with_columns(id=pl.int_range(1, pl.len() + 1)),
    }  # fmt: skip


def _fields(module: dict[str, Any], rows: pl.DataFrame) -> pl.DataFrame:
    """Rows in the fields of a module, under their XML names, typed; what the sample does not know is null."""
    columns, fixed = extra()["sen2"]["columns"], {"PostCode": extra()["ehc"]["postcode"]}

    def field(name: str) -> pl.Expr:
        known = columns.get(name, "")
        return pl.col(known) if known in rows.columns else pl.lit(fixed.get(name), dtype=pl.String)

    return rows.select(field(name).alias(name) for name in module["fields"])


def _texts(frame: pl.DataFrame, flags: tuple[str, str], date_format: str) -> pl.DataFrame:
    """The same as text: dates and flags in the way of one format."""
    spelt = dict(zip((False, True), flags, strict=True))
    flag = pl.selectors.boolean().replace_strict(spelt, return_dtype=pl.String)
    return frame.with_columns(pl.selectors.date().dt.strftime(date_format), flag)


def write_xml(found: Return, folder: Path) -> list[Path]:
    """One XML file: a tree of persons, requests, assessments and plans."""
    spec, modules = extra()["sen2"]["module"], modules_of(found)
    root = ElementTree.Element("Message")
    _header(root, found)
    people = ElementTree.SubElement(root, "Persons")
    made: dict[str, dict[int, ElementTree.Element]] = {}
    for module in spec:
        rows, name = modules[module["name"]], module["name"]
        made[name] = {}
        texts = _texts(_fields(module, rows), ("0", "1"), "%Y-%m-%d")
        parents = rows["parent"] if "parent" in rows.columns else [None] * rows.height
        for number, parent, cells in zip(rows["id"], parents, texts.iter_rows(named=True), strict=True):
            above = people if parent is None else made[module["parent"]][parent]
            made[name][number] = element = ElementTree.SubElement(above, module["element"])
            for field, text in cells.items():
                if text is not None:
                    ElementTree.SubElement(element, field).text = text
    tree = ElementTree.ElementTree(root)
    ElementTree.indent(tree, " ")
    path = folder / f"SEN2_{settings()['area']['la_code']}_{found.year}.xml"
    path.write_bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n")
    return [path]


def _header(root: ElementTree.Element, found: Return) -> None:
    """Header of the XML return, with the officers that the authority has named."""
    header = ElementTree.SubElement(root, "Header")
    parts = {
        "CollectionDetails": {"Collection": "SEN2", "Year": found.year, "ReferenceDate": str(found.day)},
        "Source": {"SourceLevel": "L", "LEA": settings()["area"]["la_code"],
                   "SoftwareCode": extra()["sen2"]["software"], "Release": "1.0", "SerialNo": "1",
                   "DateTime": f"{found.year}-02-05T09:00:00"},
    }  # fmt: skip
    for name, fields in parts.items():
        part = ElementTree.SubElement(header, name)
        for field, text in fields.items():
            ElementTree.SubElement(part, field).text = text
    for name, text in extra()["sen2"]["officers"].items():
        ElementTree.SubElement(root, name.upper()).text = text


def write_modules(found: Return, folder: Path) -> list[Path]:
    """One CSV a module, as COLLECT exports them."""
    rules, la_code, modules = extra()["sen2"], settings()["area"]["la_code"], modules_of(found)
    stem = f"Blade-Export_{rules['blade_day']}-{found.year}"
    head = {
        "sen2tableid": "1", "NativeId": la_code, "sen2orderseqcolumn": "1", "sourceid": "1", "collection": "SEN2",
        "year": found.year, "referencedate": found.day.astype(object).strftime(BLADE_DATE), "sourcelevel": "L",
        "lea": la_code, "softwarecode": rules["software"], "release": "1.0", "serialno": "1",
        "datetime": f"{found.year}-Feb-05 09:00:00", **rules["officers"],
    }  # fmt: skip
    tables = {"sen2": pl.DataFrame([head])}
    for module in rules["module"]:
        name, rows = module["name"], modules[module["name"]]
        renamed = module.get("blade", {})
        texts = _texts(_fields(module, rows), ("false", "true"), BLADE_DATE)
        texts = texts.rename({field: renamed.get(field.lower(), field.lower()) for field in texts.columns})
        parent = rows["parent"] if "parent" in rows.columns else pl.repeat(1, rows.height, eager=True)
        ids = {f"{name}tableid": rows["id"], f"{module.get('parent', 'sen2')}tableid": parent, "NativeId": la_code,
               f"{name}orderseqcolumn": rows["id"], "sourceid": "1"}  # fmt: skip
        tables[name] = texts.with_columns(pl.lit(value).alias(column) for column, value in ids.items()).select(
            *ids, *texts.columns
        )
    paths = []
    for name, table in tables.items():
        paths.append(folder / f"{stem}_{name}.csv")
        table.write_csv(paths[-1], line_terminator="\n")
    return paths


def write_template(found: Return, folder: Path) -> list[Path]:
    """The submission template: nine tables stacked on one sheet, ids and flags as numbers, some dates too."""
    la_code, modules = settings()["area"]["la_code"], modules_of(found)
    rows: list[list[Any]] = [["SEN2 data entry (sample)"], [], ["Header Record"]]
    header = {
        "Record Type": "0", "Collection Name": "SEN2", "Year": float(found.year), "Reference Date": str(found.day),
        "Source Level": "L", "LA Number": float(la_code), "Software Code": extra()["sen2"]["software"],
        "Release": "1.0", "Serial Number": 1.0,
        "Date & Time \n(ccyy-mm-ddThh:mm:ss)": _serial(f"{found.year}-02-05") + 0.375,
    }  # fmt: skip
    rows += [list(header), list(header.values())]
    persons = modules["person"].select("pupil_id", person="id")
    requests = modules["requests"].select("pupil_id", "request_number", person="parent", request="id")
    needed = modules["activeplans"].select(parent="id", pupil_id="pupil_id", request_number="request_number")
    modules["senneed"] = modules["senneed"].join(needed, on="parent", maintain_order="left")
    for number, module in enumerate(extra()["sen2"]["module"], 1):
        table = modules[module["name"]]
        own = [n for n in ("person", "request") if n == "person" or number > 1]
        known = persons if number == 1 else requests
        table = table.join(
            known, on=["pupil_id"] if number == 1 else ["pupil_id", "request_number"], maintain_order="left"
        )
        rows += [[], [], [module["title"]], _template_heading(module, number)]
        for ids, cells in zip(table.select(own).iter_rows(), _fields(module, table).iter_rows(named=True), strict=True):
            named = [float(value) for value in ids]
            named = named[::-1] if number == 2 else named  # the requests name themselves first
            rows.append([str(number), *named[:1], la_code, *named[1:], *(_cell(f, v) for f, v in cells.items())])
    return [write_sheet(folder / f"SEN2_{la_code}_{found.year}_template.xlsx", "Data Entry Template", rows)]


def _template_heading(module: dict[str, Any], number: int) -> list[str]:
    """The headings of one table: record type, ids and authority, then the fields."""
    person, request = "Person ID\n\n({})", "Requests record ID\n\n({})"
    unique, match = "This must be a unique ID for each {} record", "This must match the relevant ID in the {} table"
    ids = [person.format(match.format("Person record")), request.format(match.format("Requests"))]
    if number == 1:
        ids = [person.format(unique.format("Person"))]
    elif number == 2:  # requests
        ids = [request.format(unique.format("Requests")), ids[0]]
    return ["Record Type", ids[0], "LA\n(From Header Record)", *ids[1:], *module["headings"]]


def _serial(day: Any) -> float:
    return float((np.datetime64(day, "D") - EPOCH) / DAY)


def _cell(field: str, value: Any) -> Any:
    """A cell as the template holds it: flags and codes of digits as numbers, dates as text or serial numbers."""
    if isinstance(value, bool) or (isinstance(value, str) and value.isdigit()):
        return float(value)
    if value is None or isinstance(value, str):
        return value
    return _serial(value) if field in SERIAL else str(value)
