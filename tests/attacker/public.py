"""What anyone knows: titles, groups and wording of the project, and names that the reports themselves tell."""

import json
import re
from dataclasses import dataclass, field, fields, replace
from functools import cache, cached_property
from pathlib import Path

from attacker.claims import Scene
from sendlab.metrics.cards import COUNTED, Card, card, cards
from sendlab.metrics.publication import published_measures
from sendlab.narrate import title_words
from sendlab.schema.groups import ALL_SEN, NEED_AREAS, NOT_RECORDED, SEN_PROVISION
from sendlab.schema.labels import PEOPLE, people

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
NATIONAL_CODE = "E92000001"
_FIRST, _LAST = 0xE000, 0xF8FF  # letters that no text uses: each stands for one name found in a text
TOKEN = f"[{chr(_FIRST)}-{chr(_LAST)}]"
_PERIOD = r"\b20\d{2}/\d{2}\b(?: \([a-z][a-z ]*?(?: \d)?\))?|\b20\d{4}\b"
_DAY = r"\d{1,2} (?:January|February|March|April|May|June|July|August|September|October|November|December) \d{4}"
# Wording of the project that holds a digit and tells no figure.
_WORDING = (
    r"Audience: \w+\. Counts of 1 to \d+ people, and figures from which they follow, are hidden \(c\)",
    r"OFFICIAL- ?SENSITIVE, for school \w+ only",
    r"Counts of 1 to \d+ people, and figures from which they follow, are hidden \(c\)",
    rf"[Ff]ewer than \d+ (?:pupils or protected|(?:{'|'.join(COUNTED.values())}): counts only)",
    r"fewer than 3 raters of one round: each could work out what another said",
    r"under 1 in 100",
    r"[Kk]ey stage \d",
    r"about 1 in 20 would",
    r"about 1 in 10 may be chance",
    r"Ratings 1 to 10; statements rated 0",
    r"Means of ratings 1 to 10 by section",
    r"Statements rated 0 do not apply",
    r"\brate[ds]? (?:a statement )?(?:1 to 3|4 to 6|7 to 10|8 to 10)\b",
    r"(?:1 comparison|[\d,]+ comparisons) judged together, false findings held at 10 % \(Benjamini-Hochberg\)",
    r"none on fewer than (?:10|30) people\.",
    r"Schools with figures here and no self-evaluation of this year: [\d,]+\.",
    r"A rating of 7 to 10 disagrees with a figure clearly worse than that beside it, a rating of 1 to 3 with one",
    r"rating, 0 to 10\.",
    r"no KS1 starting point",
    r"[Rr]un [0-9a-f]{12}\b",
    r"(?:data|Data) to (?:\d{4}-\d{2}-\d{2}|" + _DAY + ")",
    _DAY,
    r"95% intervals?(?! [−+\d])",
    r"(?:no|\d+) schools? clearly above the LA, (?:no|\d+) schools? clearly below",
    r"\d+ schools shown, \d+ not shown\.",
    r"Of \d+ interventions, \d+ clearly above untreated pupils, \d+ clearly below",
)  # fmt: skip
_MEASURES = re.compile(r"^measures \+?= \[(.*)\]$", re.MULTILINE)
_ALIASES = {"Later score against untreated pupils": "intervention_gain"}


@dataclass
class Public:
    """Names as they stand in texts. `places` is {name: (code, level)}; `items` names of interventions.

    `parts` is {measure: what its figures are told by} of measures told by questions, lines of spending and the like;
    `kinds` is {measure: kinds of period that it has figures of}.
    """

    places: dict[str, tuple[str, str]] = field(default_factory=dict)
    items: tuple[str, ...] = ()
    folder: Path = Path()
    parts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    kinds: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def _names(self) -> dict[str, tuple[str, str]]:
        """{wording: (kind, value)}."""
        names = {name: ("item", name) for name in self.items if len(name) > 4}
        groups = (*SEN_PROVISION, ALL_SEN, *NEED_AREAS)
        names |= {name: ("group", name) for name in groups if name != NOT_RECORDED}
        names |= {people(name): ("group", name) for name in (*groups, *PEOPLE)}
        for about in map(card, published_measures()):
            names |= dict.fromkeys((about.title, title_words(about)), ("measure", about.measure))
        names |= {wording: ("measure", measure) for wording, measure in _ALIASES.items()}
        return names | {name: ("place", code) for name, (code, _) in self.places.items()}

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        ordered = sorted((*self._names, *_wording_of_cards()), key=len, reverse=True)
        first = "".join(sorted({re.escape(name[0]) for name in ordered}))
        plain = rf"(?<!\w)(?=[{first}])(?:{'|'.join(map(re.escape, ordered))})(?!\w)"
        return re.compile("|".join((*_WORDING, *self._codes(), plain, f"(?P<period>{_PERIOD})")))

    def _codes(self) -> tuple[str, str]:
        """Codes of places as they stand where nothing is shown: of the one asked for, and of those there are."""
        codes = "|".join(sorted(re.escape(code) for code, _ in self.places.values())) or "(?!)"
        listed = rf"there are: (?:{codes})(?:, (?:{codes}))*(?!\d)"
        return rf"(?:[Pp]lace '(?:{codes}|\d{{6,9}})'|School (?:{codes}|\d{{6,9}}) has no figures here)", listed

    def tokens(self, text: str) -> tuple[str, list[tuple[str, str]]]:
        """The text with a token in place of each name, and what the tokens stand for; public wording is taken out."""
        known = _tokens_of_names(self._frozen)
        if text not in known:
            known[text] = self._tokenised(text)
        return known[text]

    @cached_property
    def _frozen(self) -> tuple[object, ...]:
        return (tuple(sorted(self.places.items())), self.items)

    def _tokenised(self, text: str) -> tuple[str, list[tuple[str, str]]]:
        found: list[tuple[str, str]] = []

        def token(match: re.Match[str]) -> str:
            if match.group("period"):
                found.append(("period", match.group()))
            elif match.group() in self._names:
                found.append(self._names[match.group()])
            else:
                return ""
            return chr(_FIRST + len(found) - 1)

        return self._pattern.sub(token, text.replace("\u00a0", " ")), found

    def step(self, scene: Scene, token: tuple[str, str]) -> Scene:
        """The scene after a token."""
        kind, value = token
        if kind == "measure":
            return replace(scene, measure=value)
        if kind == "place":
            return replace(scene, place_code=value)
        if kind == "group":
            return scene.of_group(value)
        if kind == "item":
            return replace(scene, item=value)
        digits, _, part = value.replace("/", "").partition(" ")
        part = part.strip("()")
        return replace(scene, time_period=digits, time_identifier=part[:1].upper() + part[1:] or "Academic year")

    def settled(self, scene: Scene) -> Scene:
        """The scene of a row that names neither item nor kind of period: its measure has no other."""
        items, kinds = self.parts.get(scene.measure, ()), self.kinds.get(scene.measure, ())
        scene = replace(scene, item=items[0]) if len(items) == 1 else scene
        return replace(scene, time_identifier=kinds[0]) if len(kinds) == 1 else scene

    def la(self) -> str:
        """The code of the authority."""
        return next((code for code, level in self.places.values() if level == "Local authority"), "")

    def level(self, code: str) -> str:
        """The level of a place."""
        levels = dict(self.places.values())
        return "National" if code == NATIONAL_CODE else levels.get(code, "School")


def is_token(sign: str) -> bool:
    """Whether a sign stands for a name."""
    return _FIRST <= ord(sign) <= _LAST


def place_of_token(sign: str) -> int:
    """Which of the names found a sign stands for."""
    return ord(sign) - _FIRST


@cache
def _tokens_of_names(names: tuple[object, ...]) -> dict[str, tuple[str, list[tuple[str, str]]]]:
    """Texts read before with these names: the same words stand in a page, its notebook and its charts."""
    return {}


@cache
def _wording_of_cards() -> frozenset[str]:
    """Texts of cards that hold a digit."""
    told = [part.name for part in fields(Card) if part.name != "unit"]  # a unit stands beside numbers
    texts = (getattr(about, name) for about in cards().values() for name in told)
    parts = (part for text in texts if isinstance(text, str) for part in (text, text.split(";")[0]))
    return frozenset(form for part in parts for form in (part, part[:1].upper() + part[1:]) if _digit(part))


@cache
def committed_prose() -> frozenset[str]:
    """Lines of the committed notebooks' own text and code that hold a digit: they are the same for every place."""
    lines: set[str] = set()
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            source = "".join(cell["source"])
            lines |= {plain(source), *(plain(line) for line in source.splitlines())}
    return frozenset(line for line in lines if _digit(line))


@cache
def declared_measures(file: str) -> tuple[str, ...]:
    """The measures that a committed notebook names for its lists, by the name of one of its reports; as declared."""
    path = NOTEBOOKS / f"{Path(file).stem}.ipynb"
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"] if path.is_file() else []
    lists = (found for cell in cells for found in _MEASURES.findall("".join(cell["source"])))
    return tuple(measure for found in lists for measure in re.findall(r"\w+", found))


def plain(markdown: str) -> str:
    """Markdown without its signs, as a page shows it.

    >>> plain("1. **Another year:** set `time_period`.")
    'Another year: set time_period.'
    """
    text = re.sub(r"^(?:#+|[-*]|\d+\.) ", "", markdown.strip())
    return re.sub(r"\s+", " ", re.sub(r"\*\*|[*`]", "", text)).strip()


def _digit(text: str) -> bool:
    return any(letter.isdigit() for letter in text)
