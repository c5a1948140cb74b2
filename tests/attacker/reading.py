"""A folder of reports and nothing else: every file read by its kind, each once however often it is met."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from attacker.claims import Claim, Scene, Stray
from attacker.html_file import read_html
from attacker.notebook import read_notebook
from attacker.public import Public
from attacker.sentences import Told, read_text
from attacker.workbook import BookReader, scene_of

_TOPICS = ("progress", "attendance", "exclusions", "interventions", "self_evaluation", "data_quality")
_BOARD = ("board-page.html", "figures.xlsx")


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
    """The names of places and interventions, from the workbooks of the folder."""
    places: dict[str, tuple[str, str]] = {}
    items: set[str] = set()
    for path in (path for path in _files(folder) if path.suffix == ".xlsx"):
        found = _names(path, _digest(path))
        places |= found[0]
        items |= found[1]
    return Public(places, tuple(sorted(items)), folder)


@lru_cache(maxsize=64)
def _names(path: Path, _: str) -> tuple[dict[str, tuple[str, str]], frozenset[str]]:
    book = BookReader(path, "")
    lines = [line for name in book.sheets for line in book.lines(name)]
    places = {line["place_name"]: (line["place_code"], line["geographic_level"]) for line in lines}
    items = {scene.item for line in lines if (scene := scene_of(line)).measure == "intervention_gain"}
    return places, frozenset(items - {"Total", "None"})


_CACHE: dict[tuple[str, str, str], Told] = {}


def _told(path: Path, file: str, public: Public) -> Told:
    """What a file tells; the same bytes under the same name tell the same."""
    names = hashlib.sha256(repr((sorted(public.places.items()), public.items)).encode()).hexdigest()
    key = (_digest(path), file, names)
    if key not in _CACHE:
        _CACHE[key] = _read(path, file, Public(public.places, public.items, path.parent))
    return _CACHE[key]


def _read(path: Path, file: str, public: Public) -> Told:
    if path.suffix == ".html":
        return read_html(path, public, file)
    if path.suffix == ".ipynb":
        return read_notebook(path, public, file)
    if path.suffix == ".xlsx":
        return BookReader(path, file).read(public)
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
    known = all(part in ("board", "schools", *codes) or (part.isdigit() and len(part) == 6) for part in folders)
    return [] if plain and known else [Stray(file, "name", "a name that is not made of period, place and topic")]
