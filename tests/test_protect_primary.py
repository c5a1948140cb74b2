"""What a reader must grant a hidden count by the rules alone."""

import numpy as np
import polars as pl

from sendlab.disclosure.protect.made import numerator_limits


def test_a_hidden_sum_is_not_nought_beside_a_base_in_sight_where_low_is_good():
    counts = pl.DataFrame({"what": ["number"], "name": ["absence"], "denominator": [500.0]})
    least, most = numerator_limits(counts, np.array([10.0]), np.array([False]))
    assert (least.item(), most.item()) == (1, 500)
    least, most = numerator_limits(counts, np.array([10.0]), np.array([True]))
    assert (least.item(), most.item()) == (0, np.inf)
