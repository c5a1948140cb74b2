"""What an extract's rows do not say (period, term, school): from the file's name, else from sendlab.toml."""

from sendlab.errors import DataProblem
from sendlab.sources import blade
from sendlab.sources.extract import SETTABLE, Match
from sendlab.sources.text import TextTable


def supplied(text: TextTable, match: Match, given: dict[str, str]) -> tuple[dict[str, str], str]:
    """Values for the required columns that the file lacks, and how they are known."""
    lacking = [name for name in match.missing if name in SETTABLE]
    if not lacking:
        return {}, "rows"
    named = _named(text.name)
    for values, known_from in ((named, "file name"), (given, "sendlab.toml"), (given | named, "name and sendlab.toml")):
        if set(lacking) <= set(values):
            return {name: values[name] for name in lacking}, known_from
    raise _not_known(text, [name for name in lacking if name not in given | named])


def _named(name: str) -> dict[str, str]:
    """Period and term that an extract's name tells. A lone year is not taken: it may be either end of a school year."""
    period, season = blade.academic_year_in_name(name), blade.season_in_name(name)
    return ({"time_period": period} if period else {}) | ({"term": blade.TERM_OF_SEASON[season]} if season else {})


_EXAMPLES = {"time_period": "202425", "term": "Autumn term", "school_id": "9992001", "return_year": "2025"}


def _school_numbers(text: TextTable) -> str | None:
    """A column that holds schools' numbers (LAESTAB, seven digits) and nothing else, under a name that is not known."""
    for name in text.columns:
        cells = text.rows[name].drop_nulls().str.strip_chars().str.replace("/", "")
        if cells.len() and cells.str.contains(r"^[2-9]\d{6}$").all():
            return name
    return None


def _not_known(text: TextTable, lacking: list[str]) -> DataProblem:
    told = [f"no column, file name or setting gives {' and '.join(lacking)}"]
    year = blade.lone_year_in_name(text.name)
    if year and "time_period" in lacking:
        told.append(f"{year} in its name may be the year in which the school year began, or the one in which it ended")
    likely = _school_numbers(text) if "school_id" in lacking else None
    if likely:
        return DataProblem(text.name, told, next_step=f"name column '{likely}' LAESTAB: it holds schools' numbers")
    example = ", ".join(f'{name} = "{_EXAMPLES[name]}"' for name in lacking)
    return DataProblem(
        text.name, told, next_step=f'write in sendlab.toml under [files]: "{text.name}" = {{ {example} }}'
    )
