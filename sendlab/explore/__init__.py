"""For JupyterLab: the cohort explorer, and the self-evaluation to be filled in; plain classes, and their controls."""

from sendlab.explore.explorer import CohortExplorer, View
from sendlab.explore.self_evaluation import SelfEvaluation

__all__ = ["CohortExplorer", "SelfEvaluation", "View"]
