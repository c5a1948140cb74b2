"""Published figures of an audience as a whole, read from the sealed files that build wrote."""

import io
from functools import cached_property
from pathlib import Path

import polars as pl

from sendlab import store
from sendlab.build.marks import STEP
from sendlab.disclosure.editions import school_edition
from sendlab.disclosure.published import AUDIENCES as THRESHOLDS
from sendlab.disclosure.published import Published, restore
from sendlab.disclosure.sealed import about_figures, require_seal, seal_key
from sendlab.errors import WorkspaceProblem
from sendlab.workspace import Workspace


class Wholes:
    """The figures of one build: of the board, of schools' own editions, of the public where they were made."""

    def __init__(self, workspace: Workspace, run_id: str) -> None:
        self._workspace, self._run_id = workspace, run_id
        self._figures: dict[str, Published] = {}

    def protected(self, audience: str) -> Published:
        """The figures of the board or the public; an altered file is refused."""
        if audience not in self._figures:
            threshold = THRESHOLDS[audience]
            self._figures[audience] = restore(
                self._file(audience), key=seal_key(self._workspace.key()), seal=self._seal(audience),
                audience=audience, threshold=threshold, run_id=self._run_id,
            )  # fmt: skip
        return self._figures[audience]

    def edition(self, place: str) -> Published:
        """The edition of a school."""
        return school_edition(self.protected("board"), self.own, place)

    @cached_property
    def own(self) -> pl.DataFrame:
        """All schools' own rows, plain."""
        about = about_figures(audience="school", threshold=THRESHOLDS["board"], run_id=self._run_id)
        key = seal_key(self._workspace.key())
        return pl.read_parquet(io.BytesIO(require_seal(self._file("school"), key, self._seal("school"), about=about)))

    def _file(self, audience: str) -> Path:
        return self._workspace.store / f"published_{audience}.parquet"

    def _seal(self, audience: str) -> str:
        """The seal that build gave the figures of an audience."""
        seals = store.read_manifest(self._workspace.store, STEP)["seals"]
        if audience not in seals:
            raise WorkspaceProblem(
                f"no figures were made for the {audience}",
                next_step="write public = true under [publication] in sendlab.toml, then run 'sendlab build'",
            )
        return str(seals[audience])
