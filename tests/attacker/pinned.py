"""Views pinned to a pack, on its page and slides: titles say what is asked, tables and sentences tell it."""

import re
from dataclasses import replace
from functools import cache

from attacker.claims import NUMBER, Scene, Stray
from attacker.page import Node, parse
from attacker.public import Public
from attacker.sentences import NATIONALLY, REST_OF_LA, Told
from sendlab.board.pinned import SECTION
from sendlab.disclosure.guard.question import KEY_STAGE, closed_list, key_stages
from sendlab.disclosure.guard.words import NAMES
from sendlab.metrics.cards import COUNTED, cards
from sendlab.narrate.answers import AUTHORITY, BETWEEN, EARLIER, value_words
from sendlab.schema.groups import ALL_SEN, NOT_RECORDED, SEND, TOTAL
from sendlab.schema.labels import PEOPLE
from sendlab.schema.measures import GROUPS
from sendlab.tables.made import NOT_COMPARED

ARTICLE = re.compile(r"<article>.*?</article>", re.DOTALL)
_COLUMNS = ("Numerator", "Denominator", "Figure", "95% interval")
_TITLE = re.compile(r"(?: by (?P<by>[a-zA-Z ]+))?: (?P<rest>.*), (?P<period>20\d\d/\d\d)(?: \((?P<part>[a-z0-9 ]+)\))?")
_N = rf"({NUMBER})"
_LIMITS = rf"(?:between {_N}%? and {_N}%?|from {_N} (above|below) to {_N} (?:above|below)|no interval)"
_UNIT = r"(?:%| points| percentage points| per 100 pupils| out of 10)?"
_FIGURE = re.compile(
    rf"(?P<who>[^.;:]*?) {_N}{_UNIT} \((?:{_N} of {_N} [a-z ]+|n = {_N}|number of [a-z ]+ not given), {_LIMITS}\)"
)
_SIDES = re.compile(rf"(?P<who>[^.;]*?) {_N}%? against {_N}%? \((?P<other>[^()]*(?:\(invented\))?[^()]*)\)")
_GAP = re.compile(rf": {_N}{_UNIT} (above|below) \({_LIMITS}\)")
_LEAST = re.compile(rf"; a gap of {_N}{_UNIT} would usually have shown")
_ENDS = re.compile(rf"(?:Highest|highest|lowest): (?P<who>[^();]*) \({_N}%?\)")
_HIDDEN = re.compile(r"\d+ of \d+ groups (?:has|have) no figure here\.|,? ?(?:and )?\d+ more\b")
_WORDS = re.compile(
    r"under 1 in 100|95% interval|[Ff]ewer than \d+ (?:people|pupils)|c: not shown|\d{4}/\d\d|KS\d|Year \d+|"
    r"[Kk]ey stage \d|Counts of 1 to \d+ people, and figures from which they follow, are hidden \(c\)"
)
_PARTS = {"#page", "div", "table", "caption", "thead", "tbody", "tr", "th", "td", "p", "h3", "br", "article"}
_ATTRIBUTES = {"class", "scope", "tabindex", "role", "aria-label", "style"}


def read_articles(html: str, public: Public, file: str) -> Told:
    """All that the pinned views of a page tell."""
    told = Told([], [], Scene())
    for number, part in enumerate(ARTICLE.findall(html), 1):
        article = parse(part)
        for node in article.walk():
            hidden = [text for text in node.attributes.values() if re.search(r"\d", text)]
            odd = set(node.attributes) - _ATTRIBUTES or set(hidden) - {"0", f"Table {number}"}
            if odd or node.tag not in _PARTS:
                told.strays.append(
                    Stray(file, f"pinned {number}", "an attribute or element that no pinned view of ours has")
                )
        title = " ".join(article.all("h3")[0].text.split())
        view = PinnedReader(title, public, file, f"pinned {number}")
        rows = [[_text(cell) for cell in row.all("th", "td")] for row in article.all("tr")]
        if rows:
            view.table(rows)
        for node in (*article.all("p"), *article.all("caption")):
            if node.attributes.get("class") != "note":
                view.sentence(_text(node))
        told.claims += view.told.claims
        told.strays += view.told.strays
    return told


def is_pinned(title: str) -> bool:
    """Whether the title of a slide is that of a pinned view."""
    return _parts(title) is not None


def is_more(title: str) -> bool:
    """Whether a slide names the pinned views that stand on the page."""
    return title.startswith(SECTION)


class PinnedReader:
    """One pinned view: its title is read first, then its table and its texts."""

    def __init__(self, title: str, public: Public, file: str, where: str) -> None:
        self.public, self.file, self.where = public, file, where
        self.told = Told([], [], Scene())
        self.by: tuple[str, ...] = ()
        self.groups: dict[str, Scene] = {}
        self.held_to = ""
        self.scene = self._title(title)

    def _stray(self, about: str) -> None:
        self.told.strays.append(Stray(self.file, self.where, about))

    def _title(self, title: str) -> Scene:
        measure, found = _parts(title) or ("", None)
        place = next((name for name in sorted(self.public.places, key=len, reverse=True)
                      if found and found.group("rest").endswith(f", {name}")), "")  # fmt: skip
        if found is None or not place:
            self._stray("a title that asks nothing of ours")
            return Scene()
        by = found.group("by")
        self.by = tuple(_BY[name] for name in by.split(" and ")) if by else ()
        who = found.group("rest").removesuffix(f", {place}")
        who, _, self.held_to = who.partition(", held to ")
        part = found.group("part") or "academic year"
        scene = Scene(measure, found.group("period").replace("/", ""), part.capitalize(), self.public.places[place][0])
        return self._who(who, scene)

    def _who(self, text: str, scene: Scene) -> Scene:
        """The cohort: pupils of a provision, then values of other columns."""
        known, given = _values(), dict(scene.more)
        for phrase in _phrases(text, known):
            for column, value in known[phrase]:
                given[column] = value
                break
        if {"need_area", "sen_primary_need"} & {*given, *map(_column, self.by)}:
            given.setdefault("sen_provision", ALL_SEN)
        return _placed(scene, given)

    # --- the table ------------------------------------------------------------------------------------------------

    def table(self, rows: list[list[str]]) -> None:
        """Every row: what it is about by its name, then its numbers by their headings."""
        head, *lines = rows
        if tuple(head[2:6]) != _COLUMNS or head[1].removesuffix(" (n)").lower() not in COUNTED.values():
            self._stray("headings of no pinned view of ours")
            return
        for line in lines:
            scene = self._row(line[0])
            if scene is None:
                self._stray("a row of no group of ours")
                continue
            for what, text in zip(("base", "numerator", "denominator", "value"), line[1:5], strict=True):
                self._cell(scene, what, text)
            self._limits(scene, line[5])
            for heading, text in zip(head[6:], line[6:], strict=True):
                self._beside(scene, heading, text)

    def _row(self, name: str) -> Scene | None:
        if name.startswith("All: ") or not self.by:
            return self.scene
        given, texts = dict(_given(self.scene)), name.split(BETWEEN)
        if len(texts) != len(self.by):
            return None
        for column, text in zip(self.by, texts, strict=True):
            value = next((each for at, each in _values().get(text.lower(), ()) if at == _column(column)), None)
            if value is None:
                return None
            given[_column(column)] = value
        self.groups[name] = _placed(self.scene, given)
        return self.groups[name]

    def _cell(self, scene: Scene, what: str, text: str, comparator: str = "") -> None:
        if text in ("c", "x", "z", "u"):
            if text == "c":
                self.told.claims.append(scene.marked(what, text, self.file, self.where, comparator))
        elif re.fullmatch(rf"{NUMBER}%?", text) and scene.whole:
            self.told.claims.append(scene.claim(what, text, self.file, self.where, comparator))
        else:
            self._stray("a cell that holds no number or mark")

    def _limits(self, scene: Scene, text: str) -> None:
        found = re.fullmatch(rf"{_N}%? to {_N}%?", text)
        for what, part in zip(("lower", "upper"), found.groups() if found else (text, text), strict=True):
            self._cell(scene, what, part)

    def _beside(self, scene: Scene, heading: str, text: str) -> None:
        """What a figure is held to: the nation or the rest, else another figure of ours."""
        if heading.startswith((NATIONALLY, REST_OF_LA)):
            self._cell(scene, "comparator_value", text, NATIONALLY if heading.startswith(NATIONALLY) else REST_OF_LA)
        elif (other := self._other(scene, heading)) is None:
            self._stray("a heading of no comparator of ours")
        elif text not in ("x", NOT_COMPARED):
            self._cell(other, "value", text)

    def _other(self, scene: Scene, name: str) -> Scene | None:
        """The figure that another is held to."""
        if name.lower() == AUTHORITY.lower():
            return replace(scene, place_code=self.public.la())
        if name.lower() == EARLIER.lower():
            return replace(scene, time_period=str(int(scene.time_period) - 101))
        value = next((v for at, v in _values().get(name.lower(), ()) if self.by and at == _column(self.by[0])), None)
        return None if value is None else _placed(scene, {**_given(scene), _column(self.by[0]): value})

    # --- sentences ------------------------------------------------------------------------------------------------

    def sentence(self, text: str) -> None:
        """Figures, ends and gaps; what is left may hold no number."""
        text = text.removesuffix(".") + "."
        for pattern, read in ((_FIGURE, self._figure), (_SIDES, self._sides), (_ENDS, self._end)):
            for found in pattern.finditer(text):
                read(found, text)
        left = text
        for pattern in (_FIGURE, _SIDES, _GAP, _LEAST, _ENDS, _HIDDEN, _WORDS):
            left = pattern.sub(" ", left)
        for name in (*self.public.places, *self.groups):
            left = left.replace(name, " ")
        for name in (form for about in cards().values() for form in (about.numerator, about.denominator, about.unit)):
            left = left.replace(name, " ") if re.search(r"\d", name) else left
        if re.search(r"\d", left):
            self._stray("a number that no sentence of a pinned view would hold")

    def _named(self, text: str) -> Scene:
        """The group that a name ends with, else the people of a provision, else the whole cohort."""
        ends = (name for name in sorted(self.groups, key=len, reverse=True) if text.endswith(name))
        if name := next(ends, ""):
            return self.groups[name]
        provisions = {PEOPLE[one].lower(): one for one in PEOPLE if one in (*SEND, "No SEN")}
        said = next((one for words, one in provisions.items() if text.lower().endswith(words)), "")
        return self.scene if not said or not self.by else self.scene.of_group(said)

    def _figure(self, found: re.Match[str], _: str) -> None:
        scene = self._named(found.group("who"))
        value, numerator, base, n, lower, upper = found.groups()[1:7]
        for what, text in (("value", value), ("numerator", numerator), ("base", base or n), ("lower", lower),
                           ("upper", upper)):  # fmt: skip
            if text is not None:
                self._cell(scene, what, text)

    def _sides(self, found: re.Match[str], text: str) -> None:
        scene = self._named(found.group("who"))
        self._cell(scene, "value", found.group(2))
        if (gap := _GAP.match(text, found.end())) and not _follows(gap, found.group(2), found.group(3)):
            self._stray("a gap that does not follow from its sides")
        other = self._other(scene, found.group("other"))
        if other is None:
            self._stray("a comparator of no kind of ours")
        else:
            self._cell(other, "value", found.group(3))

    def _end(self, found: re.Match[str], _: str) -> None:
        self._cell(self._named(found.group("who")), "value", found.group(2))


def _follows(gap: re.Match[str], own: str, other: str) -> bool:
    """Whether a gap is what lies between its sides, to the last place that is printed."""
    size = float(gap.group(1).replace(",", "")) * (1 if gap.group(2) == "above" else -1)
    sides = [float(text.replace(",", "").replace("−", "-")) for text in (own, other)]
    places = max(len(text.partition(".")[2]) for text in (own, other, gap.group(1)))
    return abs(sides[0] - sides[1] - size) < 1.01 * 10.0**-places


def _text(node: Node) -> str:
    return " ".join(node.text.split())


def _parts(title: str) -> tuple[str, re.Match[str]] | None:
    """The measure whose title begins the question, the longest first, and what follows it; None for another title."""
    for about in sorted(cards().values(), key=lambda card: -len(card.title)):
        if title.startswith(about.title) and (found := _TITLE.fullmatch(title, len(about.title))):
            return about.measure, found
    return None


_BY = {words: name for name, words in NAMES.items()}


def _column(name: str) -> str:
    return "nc_year" if name == KEY_STAGE else name


def _given(scene: Scene) -> dict[str, str]:
    return {name: value for name, value in zip(GROUPS, scene.groups, strict=True) if value != TOTAL}


def _placed(scene: Scene, given: dict[str, str]) -> Scene:
    more = {name: value for name, value in given.items() if name not in ("sen_provision", "need_area")}
    return replace(scene, sen_provision=given.get("sen_provision", TOTAL), need_area=given.get("need_area", TOTAL),
                   more=tuple(more.items()))  # fmt: skip


@cache
def _values() -> dict[str, list[tuple[str, str]]]:
    """{words: columns and values that they name}."""
    found: dict[str, list[tuple[str, str]]] = {}
    for name in NAMES:
        for value in (*(key_stages() if name == KEY_STAGE else closed_list(name)), NOT_RECORDED):
            found.setdefault(value_words(_column(name), value).lower(), []).append((_column(name), value))
    for provision, words in PEOPLE.items():
        if provision != TOTAL:
            found.setdefault(words.lower(), []).append(("sen_provision", provision))
    return found


def _phrases(text: str, known: dict[str, list[tuple[str, str]]]) -> list[str]:
    """The names of groups in a text, the longest first."""
    found, left = [], f", {text.lower()},"
    for phrase in sorted(known, key=len, reverse=True):
        if f", {phrase}," in left:
            found.append(phrase)
            left = left.replace(f", {phrase},", ",", 1)
    return found
