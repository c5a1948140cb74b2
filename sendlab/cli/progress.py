"""How a run goes, as it goes: one moving line on a terminal, plain lines in a log."""

import sys
from types import TracebackType
from typing import Any, Self

import click

from sendlab.runs.outcome import Outcome


class Told:
    """Tells each outcome; in a `with` block, which ends the moving line."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._failed = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def __call__(self, outcome: Outcome, done: int, total: int) -> None:
        """Tell an outcome, the `done`th of `total`."""
        self._failed += outcome.status == "failed"
        if sys.stderr.isatty():
            self._move(total)
        else:
            click.echo(
                f"  {outcome.status:6} {outcome.place_name}: {outcome.notebook} ({outcome.seconds:.1f} s, "
                f"{done} of {total}, {self._failed} failed)"
            )

    def _move(self, total: int) -> None:
        from tqdm import tqdm

        if self._bar is None:
            self._bar = tqdm(total=total, unit=" reports", dynamic_ncols=True, smoothing=0.05)
        self._bar.set_postfix_str(f"{self._failed} failed")
        self._bar.update()
