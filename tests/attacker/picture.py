"""One picture by its kind: the self-evaluation, one in which nothing is drawn, or a chart of figures."""

from collections.abc import Iterable

from attacker.chart import ChartReader
from attacker.chart_looks import KEY, is_symbol
from attacker.claims import Scene, Stray
from attacker.drawing import Drawing, read_svg
from attacker.forms import Told
from attacker.found import BULLET
from attacker.mix_chart import MixReader
from attacker.mix_words import measure_of_mix, titles_of_mixes
from attacker.public import Public
from attacker.sef_chart import START, StatementsReader
from attacker.sentences import read_text

_NOTHING = "Nothing is drawn."


def read_picture(svg: str, scene: Scene, public: Public, file: str, where: str) -> Told:
    """All that a picture tells."""
    drawing = read_svg(svg)
    if START in drawing.label:
        return StatementsReader(drawing, scene, public, file, where).read()
    if drawing.label.endswith(_NOTHING):
        return _nothing(drawing, scene, public, file, where)
    if measure_of_mix(drawing.label, public):
        return MixReader(drawing, scene, public, file, where).read()
    return ChartReader(svg, scene, public, file, where).read()


def words_held(svgs: Iterable[str], public: Public) -> frozenset[str]:
    """Titles and texts of drawings that are read as a whole: they may stand elsewhere in the same words."""
    drawn = [read_svg(svg) for svg in svgs if svg]
    whole = {words for each in drawn if START in each.label for words in (each.label, each.title)}
    return frozenset(whole | titles_of_mixes([each.label for each in drawn], public))


def without_held(text: str, held: frozenset[str]) -> str:
    """A text without the lines of its lists that are the title of a drawing."""
    lines = text.split("\n")
    said = {f"{BULLET}{title}." for title in held}
    return "\n".join(line for line in lines if line.replace("\u00a0", " ") not in said)


def _nothing(drawing: Drawing, scene: Scene, public: Public, file: str, where: str) -> Told:
    """A picture that says that it draws nothing: its words, and any mark in it as a stray."""
    told = Told([], [Stray(file, where, f"in the drawing: {other}") for other in drawing.others], scene)
    if drawing.axis or any(_is_drawn(mark.kind, is_symbol(mark), mark.y) for mark in drawing.marks):
        told.strays.append(Stray(file, where, "a mark in a picture in which nothing is drawn"))
    said = [text for mark in drawing.marks for text in (mark.text, *mark.said)]
    for text in (drawing.label, drawing.title, *drawing.spoken, *said):
        found = read_text(text, scene, public, file, where)
        told.claims += found.claims
        told.strays += found.strays
    return told


def _is_drawn(kind: str, symbol: bool, y: float) -> bool:
    return kind == "line" or (kind == "path" and symbol) or (kind == "path" and y > KEY)
