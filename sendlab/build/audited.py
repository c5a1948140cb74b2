"""The attacker on a workspace's own publication: every edition, every school as a reader, every earlier release."""

from __future__ import annotations

import polars as pl

from sendlab.build.attacked import NOW, attacked, earlier_editions
from sendlab.build.marks import releases
from sendlab.build.opened import OpenWorkspace
from sendlab.disclosure.audit.editions import Edition
from sendlab.disclosure.audit.report import Audit
from sendlab.metrics.publication import published_measures


def audit_workspace(opened: OpenWorkspace, *, known: pl.DataFrame | None = None) -> Audit:
    """What readers can work out of the figures of this build, of those released before, and of what schools know.

    `known` are measure rows of figures that are public anyway. Errors: WorkspaceProblem where there are no figures yet.
    """
    editions = []
    for name in opened.audiences():
        now = opened.published(audience=name, every_table=True)
        editions += earlier_editions(releases(opened.workspace, name), name, now.threshold, opened.run_id)
        editions.append(Edition(now.rows, name, now.threshold, released=NOW))
    exact = opened.own_view().rows.filter(pl.col("measure").is_in(published_measures()))
    return attacked(editions, exact, known=known)
