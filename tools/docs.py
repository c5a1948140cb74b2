"""Write the pages that follow from declarations: docs/tables.md, measures.md, checklist-measures.md and questions.md.

    python tools/docs.py
`tests/test_docs.py` fails when a page and the declarations disagree.
"""

import re
from pathlib import Path

from sendlab.disclosure.guard.words import by_words
from sendlab.explore.library import WorkedQuestion, library
from sendlab.metrics.cards import Card, cards
from sendlab.metrics.publication import published_measures
from sendlab.narrate.answers import cohort_words, column_of, value_words
from sendlab.schema.tables import TABLES, Column

BETTER = {"low": "better when lower", "high": "better when higher", "none": "neither high nor low is better"}
TOPICS = {"ehc": "EHC plans", "self_evaluation": "Self-evaluation"}
DOCS = Path(__file__).resolve().parent.parent / "docs"
PACKAGE = DOCS.parent / "sendlab"


def tables_page() -> str:
    """The declared tables: what an extract may hold, and what its columns may be called."""
    parts = [
        "# Tables",
        "Any CSV (UTF-8, Windows-1252 or UTF-16; comma, semicolon or tab; gzipped or not), XLSX sheet or Parquet file "
        "whose header fits one of these tables is read as an extract of it. Names are compared without case, blanks, "
        "underscores or punctuation. Required columns are in bold; a required `time_period`, `term` or `school_id` may "
        "also come from the file's name or from `sendlab.toml`, which may also name the table: "
        '`"file.csv" = { table = "meetings" }`. Columns that no table declares are not read and not stored.',
        "The class says how a column is kept: *identifier* becomes a keyed pseudonym; *special* is health, need or "
        "ethnicity; *restricted* enters the store only where `sendlab.toml` names purpose, lawful basis and owner; "
        "*restricted text* (sentences) is kept apart from its table even then.",
    ]
    for table in TABLES.values():
        made = " Made by ingest, not read from a file." if table.made else ""
        data = f" Data name {table.data_name}." if table.data_name else ""
        parts.append(f"## {table.title} (`{table.name}`)\n\nOne row for each: {', '.join(table.key)}.{data}{made}")
        rows = ["| column | what | may hold | also called | class |", "|---|---|---|---|---|"]
        for column in table.columns:
            name = f"**{column.name}**" if column.required else column.name
            cells = (name, column.meaning, _may_hold(column), ", ".join(column.aliases), _class(column))
            rows.append(f"| {' | '.join(cells)} |")
        parts.append("\n".join(rows))
    return "\n\n".join(parts) + "\n"


def _class(column: Column) -> str:
    return f"{column.privacy} text" if column.free_text else column.privacy


def _may_hold(column: Column) -> str:
    limits = [f"from {column.minimum:g}" if column.minimum is not None else ""]
    limits.append(f"to {column.maximum:g}" if column.maximum is not None else "")
    codes = f"codes of `{column.codes}`" if column.codes else ""
    parts = (column.kind, codes, ", ".join(column.allowed), " ".join(limits).strip())
    return "; ".join(text for text in parts if text)


def measures_page() -> str:
    """The measure pages: one card each, topic by topic."""
    parts = [
        "# Measures",
        f"{len(cards())} measures, each with a card in `sendlab/metrics/declared`; this page is made from them. A "
        "share of people has Wilson's interval, a rate of events Poisson's, widened for people with many events; sums "
        "are ratio estimators over people; means have t intervals, or the Department's own where it publishes one.",
    ]
    topics = dict.fromkeys(card.topic for card in cards().values())
    parts += [_topic(topic) for topic in topics]
    return "\n\n".join(parts) + "\n"


def _topic(topic: str) -> str:
    own = [card for card in cards().values() if card.topic == topic]
    return "\n\n".join([f"## {TOPICS.get(topic, topic.replace('_', ' ').capitalize())}", *map(_measure, own)])


def _measure(card: Card) -> str:
    shown = "shown in reports" if card.measure in published_measures() else "not yet in reports; analysts can see it"
    lines = [
        f"- **Outcome aimed for:** {card.outcome}",
        f"- **Counted:** {card.numerator}",
        f"- **Out of:** {card.denominator}",
        f"- **Captured:** {card.captured}",
        f"- **Reported to:** {card.reported_to}; {shown}",
        f"- **Unit and places:** {card.unit}, {card.decimals}; {BETTER[card.polarity]}; {card.period_kind}",
        f"- **Kind:** {card.kind} of {card.subject}; smallest base {card.smallest_base}; made by "
        f"{', '.join(card.periods)}{_links(card)}",
        f"- **Tables:** {_tables(card.breakdowns)}{_of_la(card)}",
        f"- **Source:** {card.source}",
        f"- **Checklist:** {', '.join(card.lines) or '-'}",
    ]
    return "\n".join([f"### {card.title} (`{card.measure}`)", "", *lines])


def _links(card: Card) -> str:
    links = {"part of": card.parts_of, "at most": card.at_most, "runs on within the year:": card.cumulative_over}
    return "".join(f"; {word} `{name}`" for word, name in links.items() if name)


def _of_la(card: Card) -> str:
    return f"; for the LA also {_tables(card.la_breakdowns)}" if card.la_breakdowns else ""


def _tables(breakdowns: tuple[tuple[str, ...], ...]) -> str:
    return ", ".join(" x ".join(names) for names in breakdowns) or "in all only"


def checklist_page() -> str:
    """Every line of the checklist that a measure serves: the measures, where they are made, and what tests them."""
    made_in, tested_in = _mentions(PACKAGE / "metrics", "*.py"), _mentions(DOCS.parent / "tests", "test_*.py")
    rows = ["| line | measures | where | tests |", "|---|---|---|---|"]
    for line in sorted({line for card in cards().values() for line in card.lines}, key=_place):
        names = [name for name, card in cards().items() if line in card.lines]
        cells = (line, _list(names), _list(sorted({f for n in names for f in made_in.get(n, [])})),
                 _list(sorted({f for n in names for f in tested_in.get(n, [])}, key=_nearest)[:4]))  # fmt: skip
        rows.append(f"| {' | '.join(cells)} |")
    return "\n\n".join([
        "# Checklist: lines that measures serve",
        "Made from the cards (`lines`) by `tools/docs.py`. What else serves a line: [checklist.md](checklist.md).",
        "\n".join(rows),
    ]) + "\n"  # fmt: skip


def _nearest(path: str) -> tuple[bool, str]:
    """Tests of metrics before tests of what is built on them."""
    return not path.startswith(("tests/test_metric", "tests/test_attendance", "tests/test_exclusion")), path


def _list(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "-"


def _place(line: str) -> tuple[object, ...]:
    kind, *numbers = line.split("-")
    return kind, *map(int, numbers)


def _mentions(folder: Path, pattern: str) -> dict[str, list[str]]:
    """{measure: files that name it in quotes}, below the project's root."""
    found: dict[str, list[str]] = {}
    for path in sorted(path for path in folder.rglob(pattern) if path.name != "__init__.py"):
        text = path.read_text(encoding="utf-8")
        for name in set(re.findall(r"[\"']([a-z0-9_]+)[\"']", text)) | set(re.findall(r"\bdef ([a-z0-9_]+)", text)):
            if name in cards():
                found.setdefault(name, []).append(path.relative_to(DOCS.parent).as_posix())
    return found


def questions_page() -> str:
    """The library of worked questions, topic by topic."""
    parts = [
        "# Questions",
        f"{len(library())} worked questions. `sendlab new --library ID` writes the notebook of one into the folder "
        "`notebooks` of the workspace: it runs at once, and for every place with `sendlab run --notebook NAME`. For "
        'your own: `sendlab new "Do girls on SEN support miss more sessions than boys?"`; what the words do not say '
        "is asked for. This page is made from `sendlab/explore/questions.toml`.",
    ]
    for topic in dict.fromkeys(one.topic for one in library().values()):
        rows = ["| id | question | measure | who | by | read it with |", "|---|---|---|---|---|---|"]
        rows += [_question(one) for one in library().values() if one.topic == topic]
        parts += [f"## {topic}", "\n".join(rows)]
    return "\n\n".join(parts) + "\n"


def _question(one: WorkedQuestion) -> str:
    asked = one.selection("999", "202526", authority="999").question
    by = " ".join(by_words(asked)).removeprefix("by ") or "-"
    against = f", against {value_words(column_of(asked.by[0]), one.compare) if asked.by else one.compare}"
    who = cohort_words(asked) + (f", {one.part.lower()}" if one.part else "")
    cells = (f"`{one.id}`", one.ask, f"`{one.measure}`", who, by + (against if one.compare else ""), one.read_with)
    return f"| {' | '.join(cells)} |"


PAGES = {
    "tables.md": tables_page, "measures.md": measures_page, "checklist-measures.md": checklist_page,
    "questions.md": questions_page,
}  # fmt: skip


def main() -> None:
    """Write all pages."""
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
