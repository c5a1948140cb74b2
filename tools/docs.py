"""Write the pages that follow from declarations: docs/tables.md and docs/measures.md.

    python tools/docs.py
`tests/test_docs.py` fails when a page and the declarations disagree.
"""

from pathlib import Path

from sendlab.metrics.cards import cards
from sendlab.schema.tables import TABLES, Column

DOCS = Path(__file__).resolve().parent.parent / "docs"


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
    """The measure pages: one card each."""
    parts = ["# Measures", "Each measure has a card in `sendlab/metrics/cards.toml`; this page is made from them."]
    for card in cards().values():
        lines = [
            f"## {card.title} (`{card.measure}`)",
            f"- **Outcome aimed for:** {card.outcome}",
            f"- **Counted:** {card.numerator}",
            f"- **Out of:** {card.denominator}",
            f"- **Captured:** {card.captured}",
            f"- **Reported to:** {card.reported_to}",
            f"- **Unit and places:** {card.unit}, {card.decimals}; good news: {card.polarity}; {card.period_kind}",
            f"- **Kind:** {card.kind}; tables by {', '.join(card.breakdowns)}; smallest base {card.smallest_base}",
            f"- **Source:** {card.source}",
        ]
        parts.append("\n".join([lines[0], "", *lines[1:]]))
    return "\n\n".join(parts) + "\n"


PAGES = {"tables.md": tables_page, "measures.md": measures_page}


def main() -> None:
    """Write both pages."""
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
