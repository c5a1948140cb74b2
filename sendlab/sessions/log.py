"""Problems of a session register, which may touch millions of rows: the first by row, the others as a count."""

import polars as pl

from sendlab.schema.problems import join_problems, row_problems
from sendlab.sources.registers import RegisterFile
from sendlab.sources.session_rules import RULES, Rule
from sendlab.sources.text import LINE

SHOWN = 1_000  # problems of one file, rule and column that name their row; the others are counted


class Log:
    """Problems of one file: the first of each rule and column by row, the others as a count."""

    def __init__(self, file: RegisterFile) -> None:
        self._file = file
        self._found: dict[tuple[str, str], list[pl.DataFrame]] = {}
        self._shown: dict[tuple[str, str], int] = {}
        self._more: dict[tuple[str, str], int] = {}

    def judge(self, rows: pl.DataFrame) -> None:
        """Keep what each rule finds in the rows; a cell of a wide register is named by its date."""
        broken = rows.select(rule.broken.alias(str(place)) for place, rule in enumerate(RULES))
        for rule, some in zip(RULES, broken, strict=True):
            if some.any():
                self._keep(rule, rows.select(LINE, "cell").filter(some))

    def _keep(self, rule: Rule, where: pl.DataFrame) -> None:
        of_cell = pl.lit("") if rule.column in ("pupil_id", "school_id") else pl.col("cell")
        counted = where.group_by(LINE, of_cell.alias("cell"), maintain_order=True).agg(pl.len().alias("count"))
        for (cell,), lines in counted.group_by("cell", maintain_order=True):
            found = row_problems(
                lines[LINE], file=self._file.path.name, sheet=self._file.sheet, column=str(cell or rule.column),
                rule=rule.name, severity=rule.severity, message=rule.message, remedy=rule.remedy,
            )  # fmt: skip
            self.add(found.with_columns(lines["count"].cast(pl.Int64)))

    def add(self, found: pl.DataFrame) -> None:
        """Keep problems up to SHOWN of a rule and column, and count the others."""
        for (rule, column), some in found.group_by("rule", "column", maintain_order=True):
            about = (str(rule), str(column))
            shown = some.head(SHOWN - self._shown.get(about, 0))
            self._found.setdefault(about, []).append(shown)
            self._shown[about] = self._shown.get(about, 0) + shown.height
            self._more[about] = self._more.get(about, 0) + int(some["count"][shown.height :].sum())

    def problems(self) -> pl.DataFrame:
        """All that is kept; those without a row of their own as one entry, in the same words."""
        rest = [
            self._found[about][0].head(1).with_columns(
                pl.lit(None, dtype=pl.Int64).alias("row"), pl.lit(count, dtype=pl.Int64).alias("count")
            )
            for about, count in self._more.items() if count
        ]  # fmt: skip
        return join_problems([*(some for kept in self._found.values() for some in kept), *rest])
