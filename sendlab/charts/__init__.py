"""Pictures of published figures or an own view; importing this switches on the offline renderer and nothing else."""

from sendlab.charts import bundle as _bundle
from sendlab.charts.answers import plot_answer
from sendlab.charts.bands import plot_bands
from sendlab.charts.bundle import png, svg
from sendlab.charts.case_ages import plot_case_ages
from sendlab.charts.funnel import plot_funnel
from sendlab.charts.gaps import plot_gaps
from sendlab.charts.groups import plot_groups, plot_needs
from sendlab.charts.heat import plot_heat
from sendlab.charts.interventions import plot_interventions
from sendlab.charts.mix import plot_mix
from sendlab.charts.multiples import plot_multiples
from sendlab.charts.schools import plot_schools
from sendlab.charts.self_evaluation import plot_self_evaluation
from sendlab.charts.transitions import plot_transitions
from sendlab.charts.trend import plot_trend
from sendlab.charts.waterfall import plot_gap_parts, plot_waterfall

_bundle.enable()

__all__ = [
    "plot_answer",
    "plot_bands",
    "plot_case_ages",
    "plot_funnel",
    "plot_gap_parts",
    "plot_gaps",
    "plot_groups",
    "plot_heat",
    "plot_interventions",
    "plot_mix",
    "plot_multiples",
    "plot_needs",
    "plot_schools",
    "plot_self_evaluation",
    "plot_transitions",
    "plot_trend",
    "plot_waterfall",
    "png",
    "svg",
]
