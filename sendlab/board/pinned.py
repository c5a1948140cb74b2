"""Views that an analyst pinned to the pack, as it tells them: question, sentence and table, made of one build."""

from dataclasses import dataclass, replace

from sendlab.disclosure.published import Published, require_published
from sendlab.errors import GateError
from sendlab.tables import ShownTable

PINS = "board_pins.toml"  # beside sendlab.toml; it holds what is asked and no figure
SECTION = "Looked at more closely"
ON_SLIDES = 6  # pinned views that have a slide; the others stand on the page


@dataclass(frozen=True)
class Pinned:
    """One pinned view as texts: `title` is the question, `note` what the analyst says of it, "" for nothing.

    Where the board may see no figure of it, `table` is None and `sentence` says why. `method` says what is counted, how
    sure it is, and where it comes from. `run_id` is the build whose figures these are.
    """

    title: str
    note: str
    sentence: str
    table: ShownTable | None
    method: tuple[str, ...]
    run_id: str


def pinned(
    figures: Published, *, title: str, note: str, sentence: str, table: ShownTable | None, method: tuple[str, ...]
) -> Pinned:
    """A pinned view of published figures for the board; the line on protection stands at the foot of the pack."""
    require_published(figures)
    if figures.audience != "board":
        raise GateError(
            f"figures for audience {figures.audience} were about to be pinned for the board",
            next_step="have them judged for the board: explorer.judged(selection)",
        )
    if table is not None:
        table = replace(table, notes=tuple(text for text in table.notes if text != figures.settings))
    return Pinned(title, note, sentence, table, method, figures.run_id)


def require_of_build(views: tuple[Pinned, ...], published: Published) -> None:
    """Refuse with `GateError` a pinned view made of another build's figures."""
    if any(each.run_id != published.run_id for each in views):
        raise GateError("a pinned view tells figures of another build", next_step="make the pack again: sendlab pack")
