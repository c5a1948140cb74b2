"""Places in the columns of the open data standard: country, region, authority, school.

Source: Explore Education Statistics, open data standards (DfE analysts' guide); codes in sendlab/codes.
"""

import re
from collections.abc import Mapping

import polars as pl

from sendlab.codes import Code, labels, read_codes
from sendlab.disclosure.published import NATION
from sendlab.publish.cells import neutral

NO_CODE, NOT_KNOWN, UNKNOWN_NAME = "z", "x", "Not available"
_AUTHORITY = ("region_code", "region_name", "old_la_code", "new_la_code", "la_name")
SCHOOL = ("school_urn", "school_laestab", "school_name")


def places_of(rows: pl.DataFrame, *, la_code: str, la_name: str, laestabs: Mapping[str, str]) -> pl.DataFrame:
    """The places of measure rows with their columns of the standard, found by level, code and name.

    Columns: geographic_level, place_code, place_name, then those of country, region, authority and school. An
    authority of one's own making, and a school whose number is none, have code z; a region that is not known code x.
    `laestabs` is {place code: LA and establishment number}.
    """
    keys = ["geographic_level", "place_code", "place_name"]
    authority = _authority(la_code, la_name)
    lines = [
        [level, code, name, *_columns(level, code, name, authority, laestabs)]
        for level, code, name in rows.select(keys).unique().sort(keys).iter_rows()
    ]
    names = [*keys, "country_code", "country_name", *_AUTHORITY, *SCHOOL]
    return pl.DataFrame(lines, schema=dict.fromkeys(names, pl.String), orient="row")


def _columns(
    level: str, code: str, name: str, authority: list[str | None], laestabs: Mapping[str, str]
) -> list[str | None]:
    country: list[str | None] = [NATION, "England"]
    if level == "National":
        return [*country, *[None] * (len(_AUTHORITY) + len(SCHOOL))]
    if level == "Local authority":
        return [*country, *authority, *[None] * len(SCHOOL)]
    return [*country, *authority, *_school(code, name, laestabs)]


def _school(code: str, name: str, laestabs: Mapping[str, str]) -> list[str]:
    number = laestabs.get(code, code)
    return [
        code if re.fullmatch(r"\d{6}", code) else NO_CODE,
        number if re.fullmatch(r"\d{3}/?\d{4}", number) else NO_CODE,
        neutral(name),
    ]


def _authority(code: str, name: str) -> list[str | None]:
    """Region, codes and name of an authority as the Department lists them; one of one's own making has none."""
    listed = [line for line in read_codes("local_authority") if line.code == code]
    if not listed:
        return [None, None, code, NO_CODE, neutral(name)]
    line = next((one for one in listed if one.label == name), listed[-1])
    return [*_region(line), code, line.notes["new_la_code"], line.label]


def _region(line: Code) -> tuple[str, str]:
    code = line.notes.get("region_code", "")
    return (code, labels("region")[code]) if code else (NOT_KNOWN, UNKNOWN_NAME)
