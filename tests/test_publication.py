"""The declared list of what is published: well-formed, cut from the end by the budget, with linked measures together."""

from dataclasses import replace

import polars as pl
import pytest

from sendlab.measures import choose, publishable, publishable as chosen_rows
from sendlab.metrics import publication
