"""Places x notebooks as reports: the plan is data, `execute` is the one seam behind which a notebook runs."""

# Kept light: every worker and every kernel imports this, so papermill and nbconvert are imported where they are used.
from sendlab.runs.batch import RunResult, run
from sendlab.runs.execute import execute
from sendlab.runs.outcome import Outcome
from sendlab.runs.plan import NOTEBOOKS, Task, check_parameters, make_plan

__all__ = ["NOTEBOOKS", "Outcome", "RunResult", "Task", "check_parameters", "execute", "make_plan", "run"]
