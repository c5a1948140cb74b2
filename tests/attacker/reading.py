"""A folder of reports and nothing else: every file read by its kind, each once however often it is met."""

import hashlib
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from attacker.board_page import read_board_page
from attacker.claims import Claim, Scene, Stray
from attacker.html_file import read_html
from attacker.notebook import read_notebook
from attacker.open_data import NAME, read_open_data
from attacker.pdf_file import read_pdf
from attacker.public import Public
from attacker.sentences import Told, read_text
from attacker.slides import read_slides
from attacker.workbook import BookReader, scene_of
from sendlab.metrics.cards import card

_TOPICS = ("progress", "attendance", "exclusions", "interventions", "plans_and_reviews", "resources_and_voice",
           "self_evaluation", "data_quality")  # fmt: skip
_GAINS, _WHOLE = "intervention_gain", ("Total", "None")
_OWN_WORDS = ("interventions", "self_evaluation")  # topics whose items are read as names, or as statements
_BOARD = ("board-page.html", "board-page.pdf", "figures.xlsx", "slides.pptx")
OPEN_DATA = "open-data"


@dataclass(frozen=True)
class Read:
    """All that a folder tells: claims, strays, and {place code: level}."""

    claims: tuple[Claim, ...]
    strays: tuple[Stray, ...]
    levels: dict[str, str]


def claims_in(folder: Path) -> list[Claim]:
    """Every claim about a figure in the files of a folder."""
    return list(read_folder(folder).claims)


def read_folder(folder: Path) -> Read:
    """Every claim and every stray in the files of a folder, in the order of their names."""
    public = learn(folder)
    claims: list[Claim] = []
    strays: list[Stray] = []
    for path in _files(folder):
        file = path.relative_to(folder).as_posix()
        told = _told(path, file, public)
        claims += told.claims
        strays += [*told.strays, *_name_told(file, public)]
    return Read(tuple(claims), tuple(strays), dict(public.places.values()))


def _files(folder: Path) -> list[Path]:
    """The files that are handed out: the analyst's records of runs, and the lock, are not."""
    return [
        path for path in sorted(folder.rglob("*"))
        if path.is_file() and path.relative_to(folder).parts[0] not in ("runs", ".run.lock", "data-quality")
    ]  # fmt: skip


def learn(folder: Path) -> Public:
    """The names of places, interventions and what else figures are told by, from the workbooks of the folder."""
    places: dict[str, tuple[str, str]] = {}
    told: set[tuple[str, str, str]] = set()
    for path in (path for path in _files(folder) if path.suffix == ".xlsx"):
        found = _names(path, _digest(path))
        places |= found[0]
        told |= found[1]
    items = sorted({item for measure, item, _ in told if measure == _GAINS and item not in _WHOLE})
    measures = sorted({measure for measure, _, _ in told if card(measure).topic not in _OWN_WORDS})
    parts = {measure: found for measure in measures if (found := _distinct(told, measure, 1))}
    kinds = {measure: _distinct(told, measure, 2) for measure in measures}
    return Public(places, tuple(items), folder, parts, kinds)


def _distinct(told: set[tuple[str, str, str]], measure: str, place: int) -> tuple[str, ...]:
    return tuple(sorted({each[place] for each in told if each[0] == measure} - set(_WHOLE)))


@lru_cache(maxsize=64)
def _names(path: Path, _: str) -> tuple[dict[str, tuple[str, str]], frozenset[tuple[str, str, str]]]:
    """{name of a place: its code and level}, and (measure, item, kind of period) of all rows."""
    book = BookReader(path, "")
    lines = [line for name in book.sheets for line in book.lines(name)]
    places = {line["place_name"]: (line["place_code"], line["geographic_level"]) for line in lines}
    scenes = map(scene_of, lines)
    return places, frozenset((scene.measure, scene.item, scene.time_identifier) for scene in scenes)


_CACHE: dict[tuple[str, str, str], Told] = {}


def _told(path: Path, file: str, public: Public) -> Told:
    """What a file tells; the same bytes under the same name tell the same."""
    known = (sorted(public.places.items()), public.items, sorted(public.parts.items()), sorted(public.kinds.items()))
    names = hashlib.sha256(repr(known).encode()).hexdigest()
    key = (_digest(path), file, names)
    if key not in _CACHE:
        _CACHE[key] = _read(path, file, replace(public, folder=path.parent))
    return _CACHE[key]


def _read(path: Path, file: str, public: Public) -> Told:
    if path.name == _BOARD[0]:
        return read_board_page(path, public, file)
    if path.suffix == ".html":
        return read_html(path, public, file)
    if path.suffix == ".ipynb":
        return read_notebook(path, public, file)
    if path.suffix == ".xlsx":
        return BookReader(path, file).read(public)
    if path.suffix == ".pdf":
        return read_pdf(path, file)
    if path.suffix == ".pptx":
        return read_slides(path, public, file)
    if path.parent.name == OPEN_DATA:
        return read_open_data(path, public, file)
    told = read_text(path.read_bytes().decode("utf-8", errors="replace"), Scene(), public, file, "file")
    return Told(
        told.claims, [*told.strays, Stray(file, "file", "a file of a kind that no pack of ours holds")], Scene()
    )


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _name_told(file: str, public: Public) -> list[Stray]:
    """A name that is not made of period, audience, place and topic alone."""
    *folders, name = file.split("/")
    codes = {code for code, _ in public.places.values()}
    plain = name in _BOARD or name == "index.html" or name.partition(".")[0] in _TOPICS
    if folders[-1:] == [OPEN_DATA]:
        plain = NAME.fullmatch(name) is not None
    known = all(
        part in ("board", "public", "schools", OPEN_DATA, *codes) or (part.isdigit() and len(part) == 6)
        for part in folders
    )
    return [] if plain and known else [Stray(file, "name", "a name that is not made of period, place and topic")]
