"""Every declared measure, put together once for all places: inputs from the store, measure rows out."""

from sendlab.measures.assembled import make_measures
from sendlab.measures.comparisons import comparison_tables, with_texts
from sendlab.measures.inputs import Inputs, make_inputs, places_of, read_inputs
from sendlab.measures.own import own_measure, require_own_measures, try_measure
from sendlab.measures.own_rows import unlinked
from sendlab.measures.publishable import Chosen, choose, publishable

__all__ = [
    "Chosen",
    "Inputs",
    "choose",
    "comparison_tables",
    "make_inputs",
    "make_measures",
    "own_measure",
    "places_of",
    "publishable",
    "read_inputs",
    "require_own_measures",
    "try_measure",
    "unlinked",
    "with_texts",
]
