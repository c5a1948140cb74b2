"""Display tables: the lines that a chart draws, as an accessible table; marks stand where there is no figure."""

from sendlab.tables.answers import answer_table
from sendlab.tables.by_item import case_ages_table, heat_table, mix_table, transitions_table
from sendlab.tables.counted import counted_table
from sendlab.tables.further import bands_table, funnel_table, gap_parts_table, multiples_table, waterfall_table
from sendlab.tables.lines import (
    NATIONALLY,
    REST_OF_LA,
    Line,
    comparator_periods,
    group_lines,
    intervention_lines,
    school_lines,
)
from sendlab.tables.made import (
    figures_table,
    interventions_table,
    schools_table,
    self_evaluation_table,
    show_table,
)
from sendlab.tables.ratings import raters_table, rating_bands_table, rating_schools_table, sections_table
from sendlab.tables.says_shows import questions_table, says_shows_table
from sendlab.tables.shown import ShownTable
from sendlab.tables.statements import Statement, largest_gaps, statement_lines

__all__ = [
    "NATIONALLY", "REST_OF_LA", "Line", "ShownTable", "Statement", "answer_table", "bands_table", "case_ages_table",
    "comparator_periods", "counted_table", "figures_table", "funnel_table", "gap_parts_table", "group_lines",
    "heat_table", "intervention_lines", "interventions_table", "largest_gaps", "mix_table", "multiples_table",
    "questions_table",
    "raters_table", "rating_bands_table", "rating_schools_table", "says_shows_table", "school_lines", "schools_table",
    "sections_table", "self_evaluation_table", "show_table", "statement_lines", "transitions_table", "waterfall_table",
]  # fmt: skip
