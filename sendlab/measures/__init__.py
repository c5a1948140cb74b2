"""Every declared measure, put together once for all places: inputs from the store, measure rows out."""

from sendlab.measures.assembled import make_measures
from sendlab.measures.comparisons import comparison_tables, with_texts
from sendlab.measures.inputs import Inputs, make_inputs, places_of, read_inputs
from sendlab.measures.publishable import Chosen, choose, publishable

__all__ = [
    "Chosen",
    "Inputs",
    "choose",
    "comparison_tables",
    "make_inputs",
    "make_measures",
    "places_of",
    "publishable",
    "read_inputs",
    "with_texts",
]
