"""Published figures of some places or measures, read from their slices: what a report needs and no more."""

import os
from collections.abc import Sequence
from functools import cached_property

import polars as pl

from sendlab import store
from sendlab.build.marks import SEAL_KEY, SLICES, slices_file
from sendlab.disclosure.editions import school_edition
from sendlab.disclosure.published import AUDIENCES as THRESHOLDS
from sendlab.disclosure.published import NATION, Published, restored
from sendlab.disclosure.sealed import about_figures, seal_key
from sendlab.disclosure.slices import PLACES, measure_block, place_block, read_slices
from sendlab.errors import WorkspaceProblem
from sendlab.metrics.publication import LA_LEVEL
from sendlab.schema.measures import school_years
from sendlab.workspace import Workspace


class Slices:
    """The slices of one build."""

    def __init__(self, workspace: Workspace, run_id: str) -> None:
        self._workspace, self._run_id = workspace, run_id

    def places(self) -> pl.DataFrame:
        """place_code, place_name, education_phase, geographic_level of all places with figures."""
        return self._read("board", [PLACES])

    def periods(self) -> list[str]:
        """School years with figures of the LA, latest last."""
        rows = self._read("board", [place_block(self._workspace.la_code)])
        return school_years(rows.filter(pl.col("geographic_level") == LA_LEVEL))

    def of_place(self, place: str, audience: str, school: str) -> Published:
        """The usual figures of a place, the LA and the nation; of a school edition that of `school`."""
        blocks = [place_block(code) for code in dict.fromkeys([place, self._workspace.la_code, NATION])]
        return self._edition(blocks, audience, school)

    def of_measures(self, measures: Sequence[str], audience: str, school: str) -> Published:
        """The usual figures of all places by these measures."""
        return self._edition([measure_block(name) for name in measures], audience, school, measures)

    def _edition(self, blocks: list[str], audience: str, school: str, measures: Sequence[str] = ()) -> Published:
        source = "board" if audience == "school" else audience
        rows = self._read(source, blocks)
        figures = restored(rows, audience=source, threshold=THRESHOLDS[source], run_id=self._run_id)
        if audience != "school":
            return figures
        # a school that has no figure of these measures, as of EHC plans, is one all the same
        edition = school_edition(figures, self._read("school", [place_block(school)]), school)
        return edition.where(measure=list(measures)) if measures else edition

    def _read(self, audience: str, blocks: list[str]) -> pl.DataFrame:
        if audience not in self._index:
            raise WorkspaceProblem(
                f"no figures were made for the {audience}",
                next_step="write public = true under [publication] in sendlab.toml, then run 'sendlab build'",
            )
        threshold = THRESHOLDS["board" if audience == "school" else audience]
        about = about_figures(audience=audience, threshold=threshold, run_id=self._run_id)
        path = self._workspace.store / slices_file(audience)
        return read_slices(path, blocks, self._index[audience], self._key, about=about)

    @cached_property
    def _key(self) -> bytes:
        given = os.environ.get(SEAL_KEY)
        return bytes.fromhex(given) if given else seal_key(self._workspace.key())

    @cached_property
    def _index(self) -> dict[str, dict[str, list[object]]]:
        made = store.read_manifest(self._workspace.store, SLICES)
        if made.get("run_id") != self._run_id:
            raise WorkspaceProblem(
                "the store holds no slices of these figures", next_step="run 'sendlab build --force'"
            )
        return dict(made["slices"])
