"""One part's linear and integer program in HiGHS: kept, and started from where the last one ended."""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np

from sendlab.disclosure.audit.knowledge import TINY, Bools, Contradiction, Floats, Knowledge

# Of a search for whole numbers: limits by count, so that every machine stops at the same place.
SEARCH_LIMITS = {"mip_max_nodes": 5_000, "mip_rel_gap": 0.0}
PRIMAL, DUAL = 4, 1  # HiGHS: the simplex that stays at a possible table while the aim changes, and the usual one


@dataclass(frozen=True)
class End:
    """Where a program ended: the table found (None: nothing limits the aim), and whether nothing lies beyond it."""

    table: Floats | None
    proven: bool = True
    found: bool = True


class Program:
    """The tables that agree with the knowledge, asked for the one in which an aim is most."""

    def __init__(self, known: Knowledge) -> None:
        self.known = known
        self._every = np.arange(known.low.size, dtype=np.int32)
        self._linear = _model(known)
        self._linear.setOptionValue("solver", "simplex")
        self._linear.setOptionValue("simplex_strategy", PRIMAL)
        self._whole: highspy.Highs | None = None

    def most(self, aim: Floats) -> End:
        """A table in which the aim is most, fractions of whole numbers allowed. Errors: Contradiction."""
        return self._solve(self._linear, aim)

    def most_in_whole_numbers(self, aim: Floats) -> End:
        """The same among tables of whole numbers; unproven where the search met its limit. Errors: Contradiction."""
        if self._whole is None:
            self._whole = _model(self.known)
            kinds = [_kind(whole) for whole in self.known.whole]
            self._whole.changeColsIntegrality(self._every.size, self._every, np.array(kinds))
            for option, value in SEARCH_LIMITS.items():
                self._whole.setOptionValue(option, value)
        return self._solve(self._whole, aim)

    def limit(self, low: Floats, high: Floats) -> None:
        """Other limits of the numbers for the linear program, until it is told again."""
        self._linear.changeColsBounds(self._every.size, self._every, low, high)

    def _solve(self, model: highspy.Highs, aim: Floats) -> End:
        model.changeColsCost(self._every.size, self._every, -aim)
        model.run()
        status, kinds = model.getModelStatus(), highspy.HighsModelStatus
        if status == kinds.kUnknown and model is self._linear:
            status = self._afresh(model)
        if status == kinds.kUnboundedOrInfeasible:
            status = self._told_apart(model)
        if status == kinds.kInfeasible:
            raise Contradiction
        if status == kinds.kUnbounded:
            return End(None)
        solution = model.getSolution()
        if status == kinds.kOptimal:
            return End(np.asarray(solution.col_value))
        if status == kinds.kSolutionLimit or model is self._whole:
            found = bool(solution.value_valid)
            return End(np.asarray(solution.col_value) if found else None, proven=False, found=found)
        raise RuntimeError(f"HiGHS ended with {model.modelStatusToString(status)}")

    def _afresh(self, model: highspy.Highs) -> highspy.HighsModelStatus:
        """From the beginning, by the other simplex: now and then the kept one goes on from a table and gets stuck."""
        model.clearSolver()
        model.setOptionValue("simplex_strategy", DUAL)
        model.run()
        model.setOptionValue("simplex_strategy", PRIMAL)
        return model.getModelStatus()

    def _told_apart(self, model: highspy.Highs) -> highspy.HighsModelStatus:
        """Whether there is no table at all, or no limit: without an aim there is none to be limited."""
        model.changeColsCost(self._every.size, self._every, np.zeros(self._every.size))
        model.run()
        kinds = highspy.HighsModelStatus
        return kinds.kInfeasible if model.getModelStatus() == kinds.kInfeasible else kinds.kUnbounded


def is_table(known: Knowledge, table: Floats) -> bool:
    """Whether these numbers, whole where they must be, keep every limit and sum."""
    sums = known.sums @ table
    return bool(
        (np.abs(table - np.round(table))[known.whole] == 0).all()
        and (table >= known.low - TINY).all()
        and (table <= known.high + TINY).all()
        and (sums >= known.sum_low - TINY).all()
        and (sums <= known.sum_high + TINY).all()
    )


def rounded(table: Floats, whole: Bools) -> Floats:
    """The table with what must be whole rounded to it."""
    return np.where(whole, np.round(table), table)


class _Quiet(highspy.Highs):
    """HiGHS without its callbacks: setting them up prints a banner, which would stand in front of JSON."""

    def __init__(self) -> None:
        super(highspy.Highs, self).__init__()
        self.silent()


def _kind(whole: bool) -> highspy.HighsVarType:
    return highspy.HighsVarType.kInteger if whole else highspy.HighsVarType.kContinuous


def _model(known: Knowledge) -> highspy.Highs:
    model = _Quiet()
    for option, value in (("threads", 1), ("parallel", "off"), ("random_seed", 0), ("simplex_scale_strategy", 0)):
        model.setOptionValue(option, value)
    linear = highspy.HighsLp()
    linear.num_col_, linear.num_row_ = known.low.size, known.sum_low.size
    linear.col_cost_ = np.zeros(known.low.size)
    linear.col_lower_, linear.col_upper_ = known.low, known.high
    linear.row_lower_, linear.row_upper_ = known.sum_low, known.sum_high
    linear.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    linear.a_matrix_.start_ = known.sums.indptr.astype(np.int32)
    linear.a_matrix_.index_ = known.sums.indices.astype(np.int32)
    linear.a_matrix_.value_ = known.sums.data
    model.passModel(linear)
    return model
