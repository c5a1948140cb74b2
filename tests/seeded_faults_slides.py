"""Further faults as in `seeded_faults`: in the slides of a pack."""

import io
import re
from collections.abc import Callable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl
from attacker.planting import Material, workbook


def _rewrite(folder: Path, material: Material, part: str, change: Callable[[bytes], bytes]) -> None:
    """Rewrite the first part of the deck whose name matches and that the change alters."""
    path = workbook(folder, material.period).with_name("slides.pptx")
    with ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for name in sorted(filter(re.compile(part).fullmatch, parts)):
        if (changed := change(parts[name])) != parts[name]:
            parts[name] = changed
            break
    else:
        raise AssertionError("the deck has no place for this fault")
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def hidden_on_the_scorecard(folder: Path, material: Material) -> None:
    """A figure that is not shown stands in the scorecard of the slides."""
    hidden = re.compile(rb"(Permanent exclusion rate, EHC plan</a:t>.*?<a:t>c</a:t>.*?<a:t>)c(</a:t>)", re.DOTALL)
    _rewrite(folder, material, r"ppt/slides/slide\d+\.xml", lambda text: hidden.sub(rb"\g<1>0.49\2", text, count=1))


def behind_a_chart(folder: Path, material: Material) -> None:
    """A number more in the workbook behind a native chart."""

    def more(data: bytes) -> bytes:
        book, target = openpyxl.load_workbook(io.BytesIO(data)), io.BytesIO()
        book.active["D2"] = 3
        book.save(target)
        return target.getvalue()

    _rewrite(folder, material, r"ppt/embeddings/.*\.xlsx", more)


def bar_moved(folder: Path, material: Material) -> None:
    """A bar that is not as long as the figure."""
    value = re.compile(rb"(<c:val>.*?<c:v>)(\d)", re.DOTALL)
    change = lambda text: value.sub(lambda m: m.group(1) + b"9", text, count=1)  # noqa: E731
    _rewrite(folder, material, r"ppt/charts/chart\d+\.xml", change)


def note_of_a_slide(folder: Path, material: Material) -> None:
    """The notes tell a count of their own."""
    _rewrite(folder, material, r"ppt/notesSlides/notesSlide\d+\.xml",
             lambda text: text.replace(b"What is counted: ", b"Of those, 3 left. What is counted: ", 1))  # fmt: skip


def part_of_a_deck(folder: Path, material: Material) -> None:
    """A part that no deck of ours has."""
    path = workbook(folder, material.period).with_name("slides.pptx")
    with ZipFile(path, "a") as archive:
        archive.writestr("ppt/comments/comment1.xml", "<p:cm><p:text>3 of 40</p:text></p:cm>")


FAULTS_OF_SLIDES: dict[str, Callable[[Path, Material], Path | None]] = {
    each.__name__: each  # type: ignore[dict-item]
    for each in (hidden_on_the_scorecard, behind_a_chart, bar_moved, note_of_a_slide, part_of_a_deck)
}
