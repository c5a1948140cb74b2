"""What protection leaves to see: by measure and audience, and release by release."""

from __future__ import annotations

import polars as pl

from sendlab.build.marks import PROTECTED, log_file
from sendlab.build.opened import OpenWorkspace
from sendlab.disclosure import hidden_summary
from sendlab.disclosure.log import RELEASED, latest, read_log
from sendlab.disclosure.usefulness import share_of_rows
from sendlab.metrics.cards import card


def visible_by_measure(opened: OpenWorkspace) -> pl.DataFrame:
    """Figures of schools and the LA that each audience sees, in per cent: `measure`, `cells`, `board`, `public`."""
    shares = [
        hidden_summary(opened.published(audience=name, every_table=True))
        .select("measure", "cells", pl.col("percent_visible").alias(name))
        for name in opened.audiences()
    ]  # fmt: skip
    found = shares[0]
    for other in shares[1:]:
        found = found.join(other.drop("cells"), on="measure", how="left")
    return found.sort("measure")


def visible_by_release(opened: OpenWorkspace) -> pl.DataFrame:
    """The share visible of all figures out by each day of release: `audience`, `released`, `percent_visible`."""
    found = []
    for audience in PROTECTED:
        log = read_log(log_file(opened.workspace, audience))
        for day in log[RELEASED].unique().sort().to_list():
            share = share_of_rows(latest(log.filter(pl.col(RELEASED) <= day)))
            found.append({"audience": audience, "released": day, "percent_visible": share})
    return pl.DataFrame(found, schema={"audience": pl.String, "released": pl.String, "percent_visible": pl.Float64})


def visible_lines(opened: OpenWorkspace) -> list[str]:
    """Both as lines to read, the measure of which most is hidden first."""
    shares = visible_by_measure(opened)
    audiences = shares.columns[2:]
    lines = [f"visible, in per cent of the figures of schools and the LA, to the {' and the '.join(audiences)}:"]
    for row in shares.sort(audiences[0], "measure").iter_rows(named=True):
        told = ", ".join(f"{row[name]:.1f}" for name in audiences)
        lines.append(f"  {card(row['measure']).title}: {told} of {row['cells']:,}")
    lines.append("  every school's own edition shows all of its own figures")
    releases = visible_by_release(opened)
    for audience in releases["audience"].unique().sort().to_list():
        mine = releases.filter(audience=audience)
        days = [f"{day} {share:.1f}" for day, share in mine.select("released", "percent_visible").iter_rows()]
        lines.append(f"visible to the {audience}, release by release: {', '.join(days)}")
    return lines
