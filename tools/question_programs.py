"""Linear programs of the attack: one kept between its aims, and one of the least that must move."""

import highspy
import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array, hstack, vstack

Floats = npt.NDArray[np.float64]
MOST = 1e6  # of anything
OPTIONS = {"threads": 1, "random_seed": 0, "simplex_strategy": 4, "simplex_scale_strategy": 0}


class _Quiet(highspy.Highs):
    """HiGHS without its callbacks: setting them up prints a banner."""

    def __init__(self) -> None:
        super(highspy.Highs, self).__init__()
        self.silent()


class Kept:
    """Tables whose sums lie within limits, asked for the one with most of an aim."""

    def __init__(self, sums: csr_array, low: Floats, high: Floats) -> None:
        self.model = _Quiet()
        for option, value in OPTIONS.items():
            self.model.setOptionValue(option, value)
        size = sums.shape[1]
        self.every = np.arange(size, dtype=np.int32)
        program = highspy.HighsLp()
        program.num_col_, program.num_row_ = size, low.size
        program.col_cost_, program.col_lower_ = np.zeros(size), np.zeros(size)
        program.col_upper_ = np.full(size, np.inf)
        program.row_lower_, program.row_upper_ = low, high
        program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        program.a_matrix_.start_, program.a_matrix_.index_ = sums.indptr.astype(np.int32), sums.indices.astype(np.int32)
        program.a_matrix_.value_ = sums.data
        self.model.passModel(program)

    def most(self, aim: Floats, low: Floats, high: Floats) -> Floats | None:
        """The table between these limits with most of the aim; None where the program does not say so."""
        self.model.changeColsBounds(self.every.size, self.every, low, high)
        self.model.changeColsCost(self.every.size, self.every, -aim)
        self.model.run()
        if self.model.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            self.model.clearSolver()  # once more from the beginning
            self.model.run()
        if self.model.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        return np.asarray(self.model.getSolution().col_value, dtype=np.float64)


class Steps:
    """Tables with `wanted` of an aim, as little as can be in them moved from a given one.

    Where that one is of whole numbers, the one found mostly is too.
    """

    def __init__(self, table: Floats, aim: Floats, wanted: float, sums: csr_array, low: Floats, high: Floats) -> None:
        every = csr_array(vstack([sums, csr_array(aim[None, :])]))
        at = every @ table
        self.table, self.room = table, np.concatenate([np.full(table.size, MOST), table])
        self.kept = Kept(csr_array(hstack([every, -every])), np.append(low, wanted) - at, np.append(high, np.inf) - at)

    def least(self, dear: Floats) -> Floats | None:
        """The one in which the moves cost least, each as `dear` says; None where there is no such table."""
        moves = self.kept.most(-np.concatenate([dear, dear]), np.zeros(self.room.size), self.room)
        return None if moves is None else self.table + moves[: self.table.size] - moves[self.table.size :]
