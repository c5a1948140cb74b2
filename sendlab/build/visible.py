"""What protection leaves to see: by measure and audience, and release by release."""

from __future__ import annotations

import polars as pl

from sendlab.build.marks import PROTECTED, log_file
from sendlab.build.opened import OpenWorkspace
from sendlab.disclosure.log import RELEASED, latest, read_log
from sendlab.disclosure.usefulness import hidden_summary, share_of_rows
from sendlab.metrics.cards import card


def visible_by_measure(opened: OpenWorkspace) -> pl.DataFrame:
    """What each audience sees, in per cent of figures of schools and the LA: `measure`, `cells`, and a column for each.

    `board`, `public` where there is one, and `own`: what schools see of their own figures in their own editions.
    """
    summaries = {name: hidden_summary(opened.published(audience=name, every_table=True)) for name in opened.audiences()}
    found = summaries["board"].select("measure", "cells")
    for name, summary in {**summaries, "own": opened.own_summary()}.items():
        share = summary.select("measure", pl.col("percent_visible").alias(name))
        found = found.join(share, on="measure", how="left")
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
    to = {"board": "to the board", "public": "to the public", "own": "to schools of their own figures"}
    lines = ["visible, in per cent of the figures of schools and the LA:"]
    for row in shares.sort("board", "measure").iter_rows(named=True):
        told = ", ".join(f"{row[name]:.1f} {to[name]}" for name in shares.columns[2:] if row[name] is not None)
        lines.append(f"  {card(row['measure']).title}, {row['cells']:,} figures: {told}")
    releases = visible_by_release(opened)
    for audience in releases["audience"].unique().sort().to_list():
        mine = releases.filter(audience=audience)
        days = [f"{day} {share:.1f}" for day, share in mine.select("released", "percent_visible").iter_rows()]
        lines.append(f"visible to the {audience}, release by release: {', '.join(days)}")
    return lines
