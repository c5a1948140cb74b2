"""Reference files of the sample, all invented: GIAS register and links, statistical neighbours, LAIT indicators."""

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import xlsxwriter

from sendlab.sample.settings import generator, settings
from sendlab.sample.support import extra
from sendlab.sample.world import World
from sendlab.sources.reading import as_declared

CREATED = datetime(2026, 9, 1)  # no clock enters a file: the same seed gives the same bytes
GIAS, LINKS, LAIT, NEIGHBOURS = (
    "edubasealldata20260901.csv",
    "links_edubasealldata20260901.csv",
    "bds_long_0.parquet",
    "sn_sample.xlsx",
)


def write_sheet(path: Path, sheet: str, rows: list[list[Any]]) -> Path:
    """One sheet of a workbook, cell by cell (text, numbers, nothing), with a fixed day of creation."""
    book = xlsxwriter.Workbook(
        path, {"strings_to_numbers": False, "strings_to_formulas": False, "strings_to_urls": False}
    )
    book.set_properties({"created": CREATED})
    page = book.add_worksheet(sheet)
    for at, row in enumerate(rows):
        for column, cell in enumerate(row):
            if cell is not None:
                page.write(at, column, cell)
    book.close()
    return path


def gias_schools(world: World) -> pl.DataFrame:
    """One row a URN, those before an academy conversion too (closed), as text in the columns of the register."""
    rules, area = extra()["gias"], settings()["area"]
    schools = world.schools.with_columns(urn="school_urn", code="establishment_type", **_places(world.schools))
    opened = pl.col("converted_on").dt.strftime("%d-%m-%Y").fill_null(rules["opened"])
    now = schools.with_columns(opened=opened, status=pl.lit("1"), name_of_status=pl.lit("Open"), closed=pl.lit(""))
    before = schools.filter(pl.col("predecessor_urn").is_not_null()).with_columns(
        urn="predecessor_urn", opened=pl.lit(rules["opened"]), status=pl.lit("2"), name_of_status=pl.lit("Closed"),
        closed=(pl.col("converted_on") - pl.duration(days=1)).dt.strftime("%d-%m-%Y"),
        code=pl.col("kind").replace_strict(rules["type_before"]),
    )  # fmt: skip
    kind = pl.col("kind")
    phase = kind.replace_strict(rules["phase"])
    spans = [{name: ages[at] for name, ages in rules["ages"].items()} for at in (0, 1)]
    low, high = (kind.replace_strict(span, default=None, return_dtype=pl.Int64) for span in spans)
    columns = {
        "URN": "urn", "LA (code)": pl.lit(area["la_code"]), "LA (name)": pl.lit(area["la_name"]),
        "EstablishmentNumber": pl.col("school_id").str.slice(3), "EstablishmentName": "school_name",
        "TypeOfEstablishment (code)": pl.col("code").str.zfill(2), "EstablishmentStatus (code)": "status",
        "EstablishmentStatus (name)": "name_of_status", "OpenDate": "opened", "CloseDate": "closed",
        "PhaseOfEducation (code)": phase, "PhaseOfEducation (name)": phase.replace_strict(rules["phase_name"]),
        "StatutoryLowAge": pl.coalesce(low, pl.col("low") + 4),
        "StatutoryHighAge": pl.coalesce(high, pl.col("high") + 5),
        "SchoolCapacity": (pl.col("size") * rules["capacity"]).round(0).cast(pl.Int64), "NumberOfPupils": "size",
        "UKPRN": pl.lit("1009") + pl.col("school_id").str.slice(3), "SEN1 (name)": "need",
        "ResourcedProvisionCapacity": "places", "SenUnitCapacity": pl.lit(""),
        "GOR (code)": pl.lit(rules["region"]), "GOR (name)": pl.lit("Not applicable"),
    }  # fmt: skip
    return pl.concat([now, before]).select(**columns).cast(pl.String).sort("URN")


def _places(schools: pl.DataFrame) -> dict[str, pl.Series]:
    """Need and places of resourced provision; 'Not Applicable' and blank where a school has none."""
    names, needs, places = extra()["gias"]["resourced_need"], [], []
    for key, size in schools.select("key", "size").iter_rows():
        unit = settings()["resourced"].get(key)
        shares = unit.get("need", {"ASD": 1.0}) if unit else {}
        needs.append(names[max(shares, key=lambda need: shares[need])] if unit else "Not Applicable")
        places.append(str(round(size * unit["EHC"])) if unit else "")
    return {"need": pl.Series(needs), "places": pl.Series(places)}


def school_links(world: World) -> pl.DataFrame:
    """The table `school_links`: each academy conversion, seen from both sides."""
    rows = world.schools.filter(pl.col("predecessor_urn").is_not_null())
    sides = (("school_urn", "predecessor_urn", "Predecessor"), ("predecessor_urn", "school_urn", "Successor"))
    return pl.concat(
        rows.select(
            school_urn=this, link_urn=other, link_type=pl.lit(kind), link_date="converted_on", link_name="school_name"
        )
        for this, other, kind in sides
    )  # fmt: skip


def neighbours() -> pl.DataFrame:
    """The table `neighbours`: ten of the authority; of each of those, the nine others and the authority."""
    rules, area = extra()["neighbours"], settings()["area"]
    known = {area["la_code"]: area["la_name"], **dict(zip(rules["codes"], rules["names"], strict=True))}
    order = list(known)
    rows = []
    for at, code in enumerate(order):
        others = [*order[at + 1 :], *order[:at]]
        rows += [(code, rank, known[other], rules["closeness"][rank - 1]) for rank, other in enumerate(others, 1)]
    return pl.DataFrame(rows, schema=["la_code", "rank", "neighbour_name", "closeness"], orient="row")


def indicators(world: World) -> pl.DataFrame:
    """The table `indicators`: invented series of the authority, its neighbours, their mean and the invented nation."""
    rng, rules, names = generator(world.seed, "indicators"), extra()["indicators"], extra()["neighbours"]
    area = settings()["area"]
    places = [area["la_name"], *names["names"], rules["group"], settings()["nation"]["name"]]
    found = []
    for series in rules["series"]:
        mean, change, spread, places_after = series["values"]
        level = mean + np.append(rng.normal(0, spread, len(places) - 2), [0.0, 0.0])
        years = rules[series["years"]]
        value = level[:, None] + change * np.arange(len(years)) + rng.normal(0, spread / 5, (len(places), len(years)))
        value = np.round(np.maximum(value, 0.1), places_after)
        gone = rng.random(value.shape) < rules["missing"]
        gone[-1] = False
        for at, place in enumerate(places):
            for when, year in enumerate(years):
                number = None if gone[at, when] else float(value[at, when])
                found.append((series["name"], series["item"], year, place, number))
    rows = pl.DataFrame(found, schema=["indicator", "data_item", "time_period", "place_name", "value"], orient="row")
    ours = pl.col("place_name").is_in([area["la_name"], *names["names"]])
    return rows.with_columns(
        la_code=pl.when(pl.col("place_name") == area["la_name"]).then(pl.lit(area["la_code"])),
        region_name=pl.when(ours).then(pl.lit(names["region"])),
        symbol=pl.when(pl.col("value").is_null()).then(pl.lit("-")),
    )


def reference_tables(world: World) -> dict[str, pl.DataFrame]:
    """The tables `school_links`, `neighbours` and `indicators`."""
    return {"school_links": school_links(world), "neighbours": neighbours(), "indicators": indicators(world)}


def write_references(world: World, folder: Path) -> list[Path]:
    """GIAS register and links (Windows-1252, every cell quoted), neighbours as a workbook, indicators as Parquet."""
    gias = gias_schools(world).write_csv(quote_style="always", line_terminator="\r\n")
    (folder / GIAS).write_bytes(gias.encode("cp1252"))
    links = school_links(world).select(
        URN="school_urn", LinkURN="link_urn", LinkName="link_name", LinkType="link_type",
        LinkEstablishedDate=pl.col("link_date").dt.strftime("%d-%m-%Y"),
    )  # fmt: skip
    (folder / LINKS).write_bytes(links.write_csv(quote_style="always", line_terminator="\r\n").encode("cp1252"))
    write_sheet(folder / NEIGHBOURS, "LA SN Groups", _neighbour_rows())
    _write_indicators(world, folder / LAIT)
    return [folder / name for name in (GIAS, LINKS, NEIGHBOURS, LAIT)]


def _neighbour_rows() -> list[list[Any]]:
    """The sheet as it is published: two lines of numbers, then the header, then one row an authority."""
    table, names = neighbours(), extra()["neighbours"]
    area = settings()["area"]
    known = {area["la_code"]: area["la_name"], **dict(zip(names["codes"], names["names"], strict=True))}
    ranks = range(1, 11)
    header = [
        "LA num",
        "LA Name",
        "LA number",
        "GOInd",
        "GOReg",
        *(cell for rank in ranks for cell in (f"SN{rank}", "SNP")),
    ]
    letters = ["A", "B", "C", "D", "E", *range(3, 3 + 2 * len(ranks))]
    rows: list[list[Any]] = [letters, list(range(1, len(header) + 1)), header]
    for (code,), group in table.group_by("la_code", maintain_order=True):
        pairs = [cell for pair in group.select("neighbour_name", "closeness").iter_rows() for cell in pair]
        rows.append([int(str(code)), known[str(code)], int(str(code)), 1, names["region"], *pairs])
    return rows


def _write_indicators(world: World, path: Path) -> None:
    """Values as text, with the noise of binary numbers here and there, '-' for what is not available."""
    rows, nation = indicators(world), settings()["nation"]["name"]
    # 17 digits say the same number, as a spreadsheet's numbers look once they are text
    texts = [None if v is None else f"{v:.17g}" if at % 17 == 0 else f"{v:g}" for at, v in enumerate(rows["value"])]
    whole = pl.Series(texts, dtype=pl.String).fill_null("-")
    number = pl.when(pl.col("place_name") == nation).then(pl.lit("970")).otherwise("la_code").cast(pl.Float64)
    as_declared(rows, "indicators").select(
        pl.col("indicator").alias("Short Desc"), pl.col("data_item").alias("Data item"),
        pl.col("time_period").alias("Years"), pl.col("place_name").alias("LA and Regions"),
        pl.lit(whole).alias("Values"),
        number.alias("LA Number"), pl.col("region_name").fill_null("NA").alias("Region"),
    ).write_parquet(path, compression="zstd", statistics=False)  # fmt: skip
