"""What sendlab says when something is wrong: what, where, expected, next step. Never a pupil's value."""

from collections.abc import Iterable, Sequence


class SendlabError(Exception):
    """Base of every error that a user can cause; the command line shows its text and no traceback.

    >>> str(SendlabError("no sendlab.toml found", next_step="run 'sendlab init FOLDER'"))
    "no sendlab.toml found\\n  next: run 'sendlab init FOLDER'"
    """

    exit_status = 2

    def __init__(self, what: str, *, next_step: str = "") -> None:
        self.what, self.next_step = what, next_step
        super().__init__(f"{what}\n  next: {next_step}" if next_step else what)

    def __reduce__(self) -> tuple[object, ...]:
        """From one process to another as it is: its text is made once."""
        return _as_it_was, (type(self), self.args), self.__dict__


def _as_it_was(kind: type[SendlabError], args: tuple[object, ...]) -> SendlabError:
    return kind.__new__(kind, *args)


def did_you_mean(name: str, known: Iterable[str], otherwise: str) -> str:
    """The next step for a name that is not known: the nearest ones, or `otherwise` where none is near.

    >>> did_you_mean("absense", ["absence", "suspensions"], "see docs/measures.md")
    'did you mean absence?'
    """
    from difflib import get_close_matches

    near = get_close_matches(name, list(known), n=3)
    return f"did you mean {' or '.join(near)}?" if near else otherwise


class DataProblem(SendlabError):
    """Faults found in one source, all reported at once.

    >>> print(DataProblem("absence.csv", ["column 'upn' is missing"]))
    absence.csv: 1 problem(s)
      - column 'upn' is missing
    """

    def __init__(self, source: str, problems: Sequence[str], *, next_step: str = "") -> None:
        self.source, self.problems = source, list(problems)
        lines = [f"{source}: {len(self.problems)} problem(s)", *(f"  - {text}" for text in self.problems)]
        super().__init__("\n".join(lines), next_step=next_step)


class WorkspaceProblem(SendlabError):
    """The workspace, its settings or its key are not as they must be."""


class GateError(SendlabError):
    """Something that has not been through disclosure control was about to be shown or written."""


class NothingToShow(SendlabError):
    """The figures hold nothing of what was asked for: charts, tables and sentences say so in its words."""

    @property
    def sentence(self) -> str:
        """As readers are told.

        >>> NothingToShow("no figures of 'Absence' for 2025/26", next_step="there are: 2024/25").sentence
        "No figures of 'Absence' for 2025/26; there are: 2024/25."
        """
        words = f"{self.what[:1].upper()}{self.what[1:]}{f'; {self.next_step}' if self.next_step else ''}"
        return words if words.endswith("...") else f"{words}."  # a list that goes on


class RunProblem(SendlabError):
    """A run could not start: unknown notebook, place or parameter."""
