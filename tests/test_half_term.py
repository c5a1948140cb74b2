"""Two half-terms of an authority, from the files that arrive to the board's page, as docs/half-term.md tells it."""

import csv
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from pptx import Presentation

from sendlab.board.commentary import COMMENTARY
from sendlab.cli import main
from sendlab.runs.plan import SLIDES
from sendlab.sample import write

SETTINGS = """\
[authority]
la_code = "999"
la_name = "Exampleshire (invented)"

[pseudonyms]
key_id = "sample"
"""
# The bands are such that both kinds of absence are red.
BOARD = """\
[[priority]]
name = "Less inequality"
indicators = [
  { measure = "absence", green = 2.0, amber = 3.0, owner = "Head of Inclusion" },
  { measure = "persistent_absence", green = 2.0, amber = 3.0 },
]
"""
FIRST = ("2026_spring*", "edubase*", "links_edubase*", "invented_nation*")  # spring census: attendance of the autumn
SECOND = "attendance_spring_term.csv"
SESSIONS = "2026_spring_termlysessiondetailsonroll.csv"
LATE, ABSENT = "9991101", ("I", "O")  # the school whose sessions come again, and the codes that are put right


class Walk:
    """A workspace in which files arrive and verbs are called, as a person would."""

    def __init__(self, root: Path) -> None:
        self.root, self.later = root / "authority", root / "later"
        write(self.later, schools=8, pupils=480, years=1, seed=7)
        (self.root / "raw").mkdir(parents=True)
        (self.root / "sendlab.toml").write_text(SETTINGS, encoding="utf-8")
        (self.root / "board.toml").write_text(BOARD, encoding="utf-8")

    def arrive(self, *patterns: str) -> None:
        for pattern in patterns:
            for path in sorted(self.later.glob(pattern)):
                shutil.copy(path, self.root / "raw")

    def call(self, *words: str, status: int = 0) -> str:
        found = CliRunner().invoke(main, [*words, *(() if words[0] == "check" else ("--workspace", str(self.root)))])
        assert found.exit_code == status, found.output
        return found.output

    def sessions(self, change) -> None:
        """Change rows of the census file on sessions in the raw folder."""
        path = self.root / "raw" / SESSIONS
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = list(csv.DictReader(file))
        for line in lines:
            change(line)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(lines[0]))
            writer.writeheader()
            writer.writerows(lines)

    def page(self) -> str:
        html = (self.root / "reports" / "202526" / "board" / "board-page.html").read_text(encoding="utf-8")
        return " ".join(re.sub(r"<[^>]+>", " ", re.sub(r"<(style|svg)\b.*?</\1>", " ", html, flags=re.DOTALL)).split())


@pytest.fixture(scope="module")
def walked(tmp_path_factory):
    """Both half-terms; what was said on the way, and the pages."""
    walk, told = Walk(tmp_path_factory.mktemp("half-terms")), {}
    # The first half-term: files arrive, one of them with a fault; it is found, told to the school, and put right.
    walk.arrive(*FIRST)
    right = (walk.root / "raw" / SESSIONS).read_bytes()
    faults = iter([True])

    def fault(line):
        if next(faults, False):
            line["sessions"] = "a few"

    walk.sessions(fault)
    told["check"] = walk.call("check", *map(str, sorted((walk.root / "raw").iterdir())), status=1)
    told["faulty"] = walk.call("ingest", status=1)
    told["quality"] = sorted(path.parent.name for path in (walk.root / "reports" / "quality").rglob("*.html"))
    (walk.root / "raw" / SESSIONS).write_bytes(right)
    told["right"] = walk.call("ingest")
    walk.call("build")
    walk.call("pack")
    told["draft"] = walk.page()
    # Reds ask for words; the pack that goes to the meeting has them.
    commentary = walk.root / COMMENTARY
    asked = commentary.read_text(encoding="utf-8-sig")
    commentary.write_text(asked.replace(",,,,", ",flu in December,school nurses,,June", 1), encoding="utf-8")
    walk.call("pack", "--issue", "2026-02-12")
    told["first"] = walk.page()
    # The second half-term: the spring's attendance arrives, and late and revised sessions of the autumn for one school.
    walk.arrive(SECOND)

    def revise(line):
        if line["NativeId"] == LATE and line["attendancereason"] in ABSENT:
            line["sessions"] = str(int(line["sessions"]) // 2)

    walk.sessions(revise)
    told["second_ingest"] = walk.call("ingest")
    walk.call("build")
    walk.call("pack")
    told["second"] = walk.page()
    walk.call("pack")
    told["again"] = walk.page()
    told["slides"] = Presentation(walk.root / "reports" / "202526" / "board" / SLIDES)
    told["walk"] = walk
    return told


def test_a_fault_is_found_and_told_with_row_and_remedy_to_the_school(walked):
    assert SESSIONS in walked["check"] and re.search(r"sessions .*\(row 2\); \w+", walked["check"])
    assert "+ 1 quarantined" in walked["faulty"]
    assert {"quality", LATE} <= set(walked["quality"])  # the authority's page, and one for each school


def test_the_corrected_file_is_whole_again(walked):
    assert "+ 0 quarantined" in walked["right"]


def test_the_first_pack_is_a_draft_until_it_goes_out_and_then_has_the_words_of_people(walked):
    assert "Draft." in walked["draft"] and "This is the first pack." in walked["draft"]
    assert "For the meeting of 12 February 2026." in walked["first"]
    assert "Commentary on 0 of them" in walked["draft"] and "Commentary on 1 of them" in walked["first"]
    assert "2025/26 (autumn term)" in walked["first"]


def said_on_slides(walked):
    shapes = (shape for slide in walked["slides"].slides for shape in slide.shapes if shape.has_text_frame)
    return "\n".join(shape.text_frame.text for shape in shapes)


def test_the_second_pack_says_what_changed_since_the_first(walked):
    assert "What changed since the pack of 12 February 2026" in walked["second"]
    said = said_on_slides(walked)
    assert re.search(r"Data now to \d+ \w+ 2026, were to 31 December 2025", said)
    assert "Files: 1 new, 1 changed" in said


def test_the_late_and_revised_file_is_explained_by_the_school_it_is_about(walked):
    said = said_on_slides(walked)
    revised = re.findall(r"(Sample [\w ]+): \d+ figures? of the last pack revised", said)
    assert revised == ["Sample Hazel Pupil Referral Unit"]  # 9991101, and no other
    assert re.search(r"Overall absence rate, \w+ \w+, 2025/26 \(autumn term\): [\d.]+% in the last pack", said)


def test_the_same_figures_make_the_same_page(walked):
    assert walked["again"] == walked["second"]
