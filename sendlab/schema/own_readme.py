"""The page that a new workspace finds in its folder `measures/`."""

OWN_README = """\
# Measures of your own

What you put here is counted for the authority and every school, protected, and shown like sendlab's own measures.
Two files of one name make a measure: a card, and a function. Files here are code that runs with your rights, and the
list of what may be published: let nobody change them whom you would not let change the reports.

`absence_without_illness.toml`, the card:

    title = "Absence apart from illness"
    outcome = "Pupils with SEND who are well come to school"
    numerator = "sessions missed, illness (code I) left out"
    denominator = "sessions possible of pupils whose register codes are known, summed over pupils"
    captured = "school census, termly attendance"
    reported_to = "headteacher, SENCo, SEN executive board"
    unit = "% of sessions"
    kind = "sum"                       # share, events, sum, mean or count
    base = "attendance_codes_known"    # who is counted; measures of one base count the same people
    polarity = "low"                   # good news is low, high or none
    period_kind = "full-year"
    breakdowns = ["sen_provision", "need_area"]
    source = "attendance team, September 2026"

    [[published]]                      # without this it is for your own view only
    levels = ["Local authority", "School"]
    by = ["", "sen_provision"]

`absence_without_illness.py`, the function:

    import polars as pl

    from sendlab.cohort import attendance_base
    from sendlab.metrics.grouping import BREAKDOWNS
    from sendlab.metrics.measuring import measure_rows
    from sendlab.metrics.recipes import Ratio


    def absence_without_illness(facts, *, by=BREAKDOWNS, confidence=0.95):
        missed = pl.col("absent") - pl.col("code_I").fill_null(0)
        known = pl.any_horizontal(pl.col("^code_.*$").is_not_null())
        ratio = Ratio("absence_without_illness", top=missed, bottom=pl.col("sessions_possible"), where=known)
        return measure_rows(attendance_base(facts), [ratio], by=by, confidence=confidence)

In a notebook, try it until it is right; then run `sendlab build` (or `sendlab report`):

    sendlab.try_measure("absence_without_illness", by=["sex"])

A card under the name of a measure of sendlab defines that measure otherwise, for this workspace: it then says so
wherever it is shown, and no national figure stands beside it. A file with `[[columns]]` declares a table of your own
(XLSX or CSV in `raw`), which a function takes by its name. All of it: docs/own-measures.md of sendlab.
"""
