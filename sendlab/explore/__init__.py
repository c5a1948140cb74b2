"""The cohort explorer: one measure at one place as chart, sentence and table; by hand, or with two controls."""

from sendlab.explore.explorer import CohortExplorer, View

__all__ = ["CohortExplorer", "View"]
