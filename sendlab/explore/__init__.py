"""For JupyterLab: the cohort explorer, and the self-evaluation to be filled in; plain classes, and their controls."""

from sendlab.explore.explorer import CohortExplorer
from sendlab.explore.notes import who_counts
from sendlab.explore.self_evaluation import SelfEvaluation
from sendlab.explore.views import View

__all__ = ["CohortExplorer", "SelfEvaluation", "View", "who_counts"]
