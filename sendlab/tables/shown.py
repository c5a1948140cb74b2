"""A table as a notebook shows it and a report holds it: text in cells, as accessible HTML or plain text."""

from dataclasses import dataclass
from html import escape


@dataclass(frozen=True)
class ShownTable:
    """A table that a notebook shows and a report holds; the first column names its rows."""

    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    figures: tuple[bool, ...]  # which columns hold figures
    notes: tuple[str, ...] = ()
    mark: str = ""

    def to_html(self) -> str:
        """The table as HTML with a caption, scopes and the marks explained below it."""
        mark = f" <strong>{escape(self.mark)}</strong>" if self.mark else ""
        head = "".join(f'<th scope="col"{_side(figure)}>{escape(name)}</th>' for name, figure in self._columns)
        body = "\n".join(f"<tr>{self._cells(row)}</tr>" for row in self.rows)
        notes = (
            f'\n<p class="sendlab-notes">{"<br>".join(escape(note) for note in self.notes)}</p>' if self.notes else ""
        )
        return (
            f'<div class="sendlab-table">\n<table>\n<caption>{escape(self.caption)}{mark}</caption>\n'
            f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>{notes}\n</div>"
        )

    @property
    def _columns(self) -> list[tuple[str, bool]]:
        return list(zip(self.headings, self.figures, strict=True))

    def _cells(self, row: tuple[str, ...]) -> str:
        first, *rest = (f"{_side(figure)}>{escape(text)}" for text, figure in zip(row, self.figures, strict=True))
        return f'<th scope="row"{first}</th>' + "".join(f"<td{cell}</td>" for cell in rest)

    def _repr_html_(self) -> str:
        return self.to_html()

    def __repr__(self) -> str:
        lines = [self.headings, *self.rows]
        widths = [max(len(line[place]) for line in lines) for place in range(len(self.headings))]
        texts = [
            "  ".join(
                t.rjust(w) if f else t.ljust(w) for t, w, f in zip(line, widths, self.figures, strict=True)
            ).rstrip()
            for line in lines
        ]
        return "\n".join([self.caption, *([self.mark] if self.mark else []), *texts, *self.notes])


def _side(figure: bool) -> str:
    return ' class="figure" style="text-align:right"' if figure else ' class="text" style="text-align:left"'
