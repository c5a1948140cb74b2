"""Open data: the published figures as pairs of CSV files in the layout of Explore Education Statistics, and a note.

Source: Explore Education Statistics, open data standards (DfE analysts' guide).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from sendlab.codes import read_codes
from sendlab.disclosure.published import AUDIENCES, Published, require_published
from sendlab.errors import GateError, SendlabError
from sendlab.metrics.cards import cards
from sendlab.publish.files import write_aside, write_text
from sendlab.publish.open_data_layout import YEAR_PART, pair_of
from sendlab.publish.open_data_places import places_of
from sendlab.publish.page import MARKING
from sendlab.publish.workbook import sheets
from sendlab.schema.groups import FULL_YEAR, TERMS
from sendlab.schema.labels import MARKS, day_name

_LEVELS = {"authority": ("Local authority", "National"), "schools": ("School",)}  # the standard wants schools apart
_LISTED = frozenset(line.code for line in read_codes("ees_time_identifier"))
_TERMS = "terms"  # identifiers of one kind that may stand in one file; any other stands alone
_PARTS = "parts_of_years"
ABOUT = "about_open_data"


@dataclass(frozen=True)
class Part:
    """The rows of one pair of files: a topic, places of one level, periods of one kind, figures or gaps."""

    name: str
    title: str
    kind: str
    rows: pl.DataFrame


def write_open_data(
    published: Published, folder: Path, *, la_code: str, la_name: str, laestabs: Mapping[str, str] | None = None
) -> list[Path]:
    """Write every published row into pairs of CSV and meta CSV, with a note on them all; returns the files written.

    The audience stands in every file's name and in the note. What is hidden is `c`, what is missing `z`, `x` or `u`;
    nothing is blank and nothing 0. Open data of this audience that were not written now are removed. `laestabs` is
    {place code: LA and establishment number}. Errors: `GateError` for what did not pass the gate, and for a school's
    own edition; `SendlabError` where there are no figures.
    """
    require_published(published)
    if published.audience not in AUDIENCES:
        raise GateError(
            "a school's own edition is no open data", next_step="use open_workspace().published(), or audience='public'"
        )
    parts = list(_parts(published.rows, published.audience))
    if not parts:
        raise SendlabError("there are no published figures for open data", next_step="run 'sendlab build'")
    places = places_of(published.rows, la_code=la_code, la_name=la_name, laestabs=laestabs or {})
    written = [path for part in parts for path in _write_pair(part, places, folder)]
    about = write_text(folder / f"{ABOUT}_{published.audience}.txt", _about(published, parts, la_name))
    _remove_others(folder, published.audience, keep={*written, about})
    return [*written, about]


def _parts(rows: pl.DataFrame, audience: str) -> Iterator[Part]:
    """The rows in files: by topic, level, kind of period, and figures apart from gaps."""
    topics = {name: card.topic for name, card in cards().items()}
    known = rows.with_columns(
        pl.col("measure").replace_strict(topics).alias("topic"),
        pl.col("time_identifier").map_elements(_kind_of_period, return_dtype=pl.String).alias("kind"),
    )
    for topic, title in sheets().items():
        for level, names in _LEVELS.items():
            here = known.filter((pl.col("topic") == topic) & pl.col("geographic_level").is_in(names))
            for period in sorted(set(here["kind"])):
                of_period = _with_listed_identifiers(here.filter(pl.col("kind") == period))
                for kind, compared in (("figures", pl.col("comparator") == ""), ("gaps", pl.col("comparator") != "")):
                    found = of_period.filter(compared).drop("topic", "kind")
                    name = "_".join(filter(None, (_plain(title), level, period, kind, audience)))
                    if found.height:
                        yield Part(name, f"{title}, {level}, {kind}", kind, found)


def _plain(text: str) -> str:
    """A title as part of a file's name.

    >>> _plain("Plans and meetings"), _plain("Self-evaluation")
    ('plans_and_meetings', 'self_evaluation')
    """
    return text.lower().replace(" ", "_").replace("-", "_")


def _kind_of_period(identifier: str) -> str:
    """Periods that may stand in one file, as part of its name; school years need none.

    >>> _kind_of_period("Academic year"), _kind_of_period("Autumn term"), _kind_of_period("Autumn half term 1")
    ('', 'terms', 'parts_of_years')
    """
    if identifier == FULL_YEAR:
        return ""
    if identifier not in _LISTED:
        return _PARTS
    return _TERMS if identifier in TERMS else _plain(identifier)


def _with_listed_identifiers(rows: pl.DataFrame) -> pl.DataFrame:
    """Parts of years that the standard has no identifier of become a filter."""
    listed = pl.col("time_identifier").is_in(list(_LISTED))
    return rows.with_columns(
        pl.when(listed).then(pl.col("time_identifier")).otherwise(pl.lit(FULL_YEAR)).alias("time_identifier"),
        pl.when(listed).then(pl.lit(FULL_YEAR)).otherwise(pl.col("time_identifier")).alias(YEAR_PART),
    )


def _write_pair(part: Part, places: pl.DataFrame, folder: Path) -> list[Path]:
    data, meta = pair_of(part.rows, places, part.kind)
    tables = {f"{part.name}.csv": data, f"{part.name}.meta.csv": meta}
    return [write_aside(folder / name, table.write_csv) for name, table in tables.items()]


def _remove_others(folder: Path, audience: str, *, keep: set[Path]) -> None:
    """What an earlier pack wrote and this one has not: figures of a topic that is published no longer."""
    for path in folder.glob(f"*_{audience}.*"):
        if path not in keep and path.name.endswith((".csv", ".txt")):
            path.unlink(missing_ok=True)


def _about(published: Published, parts: list[Part], la_name: str) -> str:
    """The note on all files: whose figures they are, for whom, and what stands for what is missing."""
    symbols = [f"  {mark:<4} {meaning}" for mark, meaning in _marks(published.threshold).items()]
    return "\n".join(
        [
            f"SEND figures of {la_name}: open data",
            "",
            f"{MARKING}. {published.settings} Run {published.run_id}.",
            "",
            "Each file of figures (.csv) has a file on its columns (.meta.csv), in the layout of Explore Education",
            "Statistics. Figures stand apart from gaps; a gap is the figure minus what it is compared with.",
            "Figures are rounded as they may be shown. Filters say Total or All where nothing is broken down.",
            "",
            "Symbols in place of a number",
            *symbols,
            "A combination that a measure is not published for is x. A note that begins with [u] says that the figure",
            "beside it is unreliable.",
            "",
            "Files",
            *(f"  {part.name}.csv: {part.title}{_data_to(part.rows)}" for part in parts),
            "",
        ]
    )


def _marks(threshold: int) -> dict[str, str]:
    return MARKS | {"c": f"not shown (fewer than {threshold} pupils or protected)"}


def _data_to(rows: pl.DataFrame) -> str:
    last = rows["data_to"].max()
    return f" (data to {day_name(last)})" if isinstance(last, date) else ""
