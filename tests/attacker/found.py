"""The list of what stands out: each line as claims, words and silence included, and the order against the rule."""

import re
from collections.abc import Sequence
from itertools import count

from attacker.claims import Claim, Scene, Stray
from attacker.forms import FIGURE, FIGURE_TELLS, GAP_LIMITS, NO_SEN, OTHER, OTHERS, TOKEN, UNIT, N, Told, ends_of
from attacker.public import Public, declared_measures, is_token, place_of_token
from attacker.words import ALONE, KINDS, QUIET
from sendlab.metrics.cards import of_sen_only
from sendlab.schema.groups import SEND

BULLET = "• "
_NOT_COLLECTED = re.compile(rf"Not collected for {TOKEN}: {TOKEN}(?:, {TOKEN})*\.")
_SAYS = {
    "Clearly worse": "clear worse", "Possibly worse": "possible worse", "Clearly better": "clear better",
    "Clearly different": "clear other", "Possibly different": "possible other", "Possibly better": "possible better",
    "cannot be told": "cannot tell", "no clear gap to": "no sign of",
}  # fmt: skip
_BESIDE = rf"{OTHER} \({N}%?\)"
_SHORT = rf"((?:clearly|possibly) (?:worse|better|different)|cannot be told|no clear gap to)(?: than| from)? {_BESIDE}"
_GAP = rf"({'|'.join(list(_SAYS)[:6])}): {N}{UNIT} (above|below) {_BESIDE}, {GAP_LIMITS}"
_UNTOLD = (
    rf"Cannot tell whether that differs from {_BESIDE}(?:: only a gap of about {N}{UNIT} or more would have shown)?"
)
_START = re.compile(rf"({TOKEN}), ({TOKEN}): {FIGURE}\. ")
_REST = re.compile(rf"(?:{_GAP}|{_UNTOLD})(?:; {_SHORT})?\.")
_LONE = re.compile(rf"({TOKEN}), ({TOKEN}): {FIGURE}\.")
_NAMES = re.compile(rf"([^:]*): ({TOKEN} \({TOKEN}(?:, {TOKEN})*\)(?:; {TOKEN} \({TOKEN}(?:, {TOKEN})*\))*)\.")
_MORE = re.compile(rf"{N} more: see the charts below\.")
_SILENT = {"No clear difference": (QUIET, ALONE - 1), "Nobody to compare with": (ALONE, ALONE)}
_HIDDEN = "Not shown ()"  # what is left of the words for it without the threshold


def not_collected(line: str, scene: Scene, public: Public, file: str, where: str) -> list[Claim]:
    """What the line on data that were not collected says of each measure: that it has no figure."""
    text, names = public.tokens(line)
    if not _NOT_COLLECTED.fullmatch(text) or names[0][0] != "period" or not scene.place_code:
        return []
    scene = public.step(scene, names[0])
    scenes = [public.step(scene, name) for name in names[1:] if name[0] == "measure"]
    return [each.marked("value", "x", file, where) for each in scenes]


class ListReader:
    """A printed list; `read` gives its claims and strays, `others` are then the lines that are none of findings."""

    def __init__(self, lines: Sequence[str], scene: Scene, public: Public, file: str, where: str) -> None:
        self.lines, self.scene, self.public, self.file, self.where = lines, scene, public, file, where
        self.told = Told([], [], scene)
        self.others: list[str] = []
        self.standing: list[tuple[int, int]] = []  # of each line on a figure: what it says, and which figure it is
        self.lone: list[int] = []  # figures of what only pupils with SEN have, told without a comparison
        self.named: dict[str, list[int]] = {}
        self.more = 0
        self.measures = declared_measures(file)

    def read(self) -> Told:
        """Line by line, then the order of all."""
        for line in self.lines:
            text, names = self.public.tokens(line)
            start = _START.match(text)
            if start and (rest := _REST.fullmatch(text, start.end())):
                self._sentence(start, rest, names)
            elif found := _LONE.fullmatch(text):
                self._alone(found, names)
            elif found := _NAMES.fullmatch(text):
                self._silent(found.group(1), found.group(2), names)
            elif found := _MORE.fullmatch(text):
                self.more = int(found.group(1))
            else:
                self.others.append(line)
        if self.standing or self.lone or self.named or self.more:
            self._order()
        return self.told

    def _add(self, what: str, number: str | None, comparator: str = "") -> None:
        if number is not None:
            self.told.claims.append(self.scene.claim(what, number, self.file, self.where, comparator))

    def _range(self, what: str, ends: tuple[int, int], comparator: str = "") -> None:
        self.told.claims.append(self.scene.between(what, *ends, self.file, self.where, comparator))

    # --- lines --------------------------------------------------------------------------------------------------

    def _sentence(self, start: re.Match[str], rest: re.Match[str], names: list[tuple[str, str]]) -> None:
        self._of_figure(start, names)
        says, size, side, other, value, *others = rest.groups()
        limits, (untold, untold_value, least, *short) = others[:5], others[5:]
        if says:
            comparator = self._beside(other, value, names)
            place = KINDS.index(_SAYS[says])
            sign = "−" if side == "below" else ""
            self._add("value", sign + size, comparator)
            if ends := ends_of(limits, bool(sign)):
                self._add("lower", ends[0], comparator)
                self._add("upper", ends[1], comparator)
        else:
            comparator, place = self._beside(untold, untold_value, names), KINDS.index("cannot tell")
            self._add("least", least, comparator)
        self._range("word", (place, place), comparator)
        self._range("standing", (place, place))
        if short[0]:
            comparator = self._beside(short[1], short[2], names)
            alike = KINDS.index(_SAYS[short[0] if short[0] in _SAYS else short[0].capitalize()])
            self._range("word", (alike, alike), comparator)
        self.standing.append((place, self._figure()))

    def _of_figure(self, found: re.Match[str], names: list[tuple[str, str]]) -> None:
        """Measure, group and the figure with its counts and limits, as each such line begins."""
        measure, group, *figure = found.groups()
        self._about(names[place_of_token(measure)], names[place_of_token(group)])
        for what, number in zip(FIGURE_TELLS, figure, strict=True):
            self._add(what, number)

    def _alone(self, found: re.Match[str], names: list[tuple[str, str]]) -> None:
        """A figure beside nobody: so it stands alone among what is published."""
        self._of_figure(found, names)
        self._range("standing", (ALONE, ALONE))
        self.lone.append(self._figure())
        if self.scene.measure and not of_sen_only(self.scene.measure):
            self._stray("a figure without a comparison, though pupils without SEN have one")

    def _beside(self, other: str, value: str, names: list[tuple[str, str]]) -> str:
        """The comparator that a line names, and the claim on its figure."""
        comparator = OTHERS.get(other) or names[place_of_token(other)][1]
        self._add("comparator_value", value, comparator)
        if comparator not in (*OTHERS.values(), NO_SEN):
            self._stray("a comparison that no list of ours makes")
        return comparator

    def _silent(self, why: str, listed: str, names: list[tuple[str, str]]) -> None:
        """Names behind one reason for which no more is said: what the reason says is claimed of each."""
        for part in listed.split("; "):
            group, *measures = (names[place_of_token(sign)] for sign in part if is_token(sign))
            for measure in measures:
                self._about(measure, group)
                if why in _SILENT:
                    self._range("standing", _SILENT[why])
                else:
                    mark = "c" if why == _HIDDEN else "x"
                    self.told.claims.append(self.scene.marked("value", mark, self.file, self.where))
                self.named.setdefault(why, []).append(self._figure())

    def _about(self, measure: tuple[str, str], group: tuple[str, str]) -> None:
        if (measure[0], group[0]) != ("measure", "group") or not self.scene.place_code or not self.scene.time_period:
            self._stray("a line of no figure")
        self.scene = self.public.step(self.public.step(self.scene, measure), group)

    # --- order --------------------------------------------------------------------------------------------------

    def _figure(self) -> int:
        """Where the figure stands in the declared order: measure by measure, group by group."""
        declared = [(measure, group) for measure in self.measures for group in SEND]
        own = (self.scene.measure, self.scene.sen_provision)
        return declared.index(own) if own in declared else -1

    def _order(self) -> None:
        """What stands out by how worrying it is, all else as declared, each figure once."""
        silent = [figure for figures in self.named.values() for figure in figures]
        listed = [figure for _, figure in self.standing] + self.lone + silent
        unlike = sorted(listed) != sorted(set(listed)) or len(listed) + self.more != len(SEND) * len(self.measures)
        if -1 in listed or unlike:
            self._stray("a list that leaves out a figure, or has one that is not declared")
        self._untold({*range(len(SEND) * len(self.measures))} - {*listed})
        in_order = self.standing == sorted(self.standing) and self.lone == sorted(self.lone)
        for figures in self.named.values():
            in_order &= figures == _by_group(figures)
        reasons = {why: min(figures) for why, figures in self.named.items()}
        places = dict(zip(_SILENT, count(-len(_SILENT)), strict=False))
        in_order &= list(reasons) == sorted(reasons, key=lambda why: places.get(why, reasons[why]))
        if not in_order:
            self._stray("an order of lines that does not follow from what they tell")

    def _untold(self, figures: set[int]) -> None:
        """Those of which it is only said that there are more: they stand out, and no more than the last one told."""
        last = max((place for place, _ in self.standing), default=0)
        for figure in sorted(figures) if self.more else ():
            measure, group = self.measures[figure // len(SEND)], SEND[figure % len(SEND)]
            self._about(("measure", measure), ("group", group))
            self._range("standing", (last, QUIET - 1))

    def _stray(self, about: str) -> None:
        self.told.strays.append(Stray(self.file, self.where, about))


def _by_group(figures: Sequence[int]) -> list[int]:
    """Figures as a line names them: by group in the order in which these first come, and as declared within."""
    groups = list(dict.fromkeys(figure % len(SEND) for figure in sorted(figures)))
    return sorted(figures, key=lambda figure: (groups.index(figure % len(SEND)), figure))
