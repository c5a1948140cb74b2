"""UPNs and schools of session registers as numbers while rows are under way, and as ids again in the store."""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date
from hashlib import sha256
from itertools import pairwise

import polars as pl

from sendlab.coverage import period_of_date
from sendlab.pseudonyms import pseudonymise
from sendlab.resolve import plain_id
from sendlab.sources.reading import as_declared
from sendlab.sources.session_rules import CODE, SESSION

CODE_ROWS = 200_000  # rows of counts written out at a time


def school_hash(school_id: str) -> int:
    """The same number for the same school, on every machine and in every run."""
    return int.from_bytes(sha256(school_id.encode("utf-8")).digest()[:4], "big")


class Ids:
    """UPNs and schools as they stand in files, the numbers that stand for them here, and what they become."""

    def __init__(self, key: bytes, known_as: Mapping[str, str], admit: Callable[[pl.Series, pl.Series], None]) -> None:
        self._key, self._known_as, self._admit = key, dict(known_as), admit
        self.pupils = pl.DataFrame(
            schema={"pupil_id": pl.String, "pupil": pl.UInt32, "pupil_id|upn_invalid": pl.Boolean}
        )
        self.schools = pl.DataFrame(schema={"school_id": pl.String, "school": pl.UInt32})
        self._pupil: dict[str, int] = {}
        self._school: dict[str, int] = {}

    def learn(self, rows: pl.DataFrame) -> None:
        """Number the pupils and schools of a piece that were not met before."""
        upns = _new(rows["pupil_id"], self.pupils)
        places = _new(rows["school_id"], self.schools)
        ids = pl.DataFrame([places]).select(plain_id("school_id").replace(self._known_as)).to_series()
        self._admit(upns, ids)
        pseudonyms, status = pseudonymise(upns, self._key)
        more = [upns, _numbers(pseudonyms, self._pupil), (status == "invalid").alias("pupil_id|upn_invalid")]
        self.pupils = self.pupils.vstack(pl.DataFrame(more))
        self.schools = self.schools.vstack(pl.DataFrame([places, _numbers(ids, self._school).alias("school")]))

    @property
    def pseudonyms(self) -> pl.Series:
        """The pseudonym of each number."""
        return pl.Series(list(self._pupil), dtype=pl.String)

    @property
    def school_ids(self) -> pl.Series:
        """The school of each number."""
        return pl.Series(list(self._school), dtype=pl.String)


def _new(texts: pl.Series, known: pl.DataFrame) -> pl.Series:
    distinct = texts.drop_nulls().unique(maintain_order=True)
    return distinct.to_frame().join(known, on=texts.name, how="anti", maintain_order="left").to_series()


def _numbers(ids: pl.Series, known: dict[str, int]) -> pl.Series:
    return pl.Series("pupil", [known.setdefault(one, len(known)) for one in ids], dtype=pl.UInt32)


class Names:
    """Numbers of pupils and schools by the order of their ids, so that sorting numbers sorts ids."""

    def __init__(self, ids: Ids, leave_out: Collection[str]) -> None:
        self._pupil_rank, self._pupils = _ranked(ids.pseudonyms)
        self._school_rank, self._schools = _ranked(ids.school_ids)
        self._left_out = self._pupils.is_in(list(leave_out))

    def known(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows with ranks for numbers, without the pupils who are left out."""
        ranked = rows.with_columns(
            self._pupil_rank.gather(rows["pupil"]).alias("pupil"),
            self._school_rank.gather(rows["school"]).alias("school"),
        )
        return ranked.filter(~self._left_out.gather(ranked["pupil"])) if self._left_out.any() else ranked

    def _ids(self, rows: pl.DataFrame) -> list[pl.Series]:
        return [
            self._pupils.gather(rows["pupil"]).alias("pupil_id"),
            self._schools.gather(rows["school"]).alias("school_id"),
        ]

    def written_out(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows as the store holds them."""
        read = rows.select("session_date", pl.col("session").cat.to(SESSION), pl.col("attendance_code").cat.to(CODE))
        return pl.DataFrame([*self._ids(rows), *read])

    def counted(self, rows: pl.DataFrame, term_of: Callable[[date], str]) -> pl.DataFrame:
        """Sessions by pupil, school, term and code, as numbers."""
        days = rows.select(pl.col("session_date").unique())
        terms = days.with_columns(
            period_of_date("session_date").cast(pl.Categorical).alias("time_period"),
            pl.Series("term", [term_of(day) for day in days["session_date"]], dtype=pl.Categorical),
        )
        marked = rows.filter(pl.col("attendance_code").is_not_null()).join(terms, on="session_date", how="left")
        key = ["school", "pupil", "time_period", "term", "attendance_code"]
        return marked.group_by(key).agg(pl.len().alias("sessions")).sort(key)

    def code_pieces(self, counted: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Counts as rows of `attendance_codes`, whole schools together, about CODE_ROWS at a time."""
        first = counted.select((pl.col("school") != pl.col("school").shift(1)).fill_null(True)).to_series().arg_true()
        for begin, end in pairwise([*_thinned(first.to_list()), counted.height]):
            part = counted[begin:end]
            named = part.with_columns(
                *self._ids(part), pl.lit("whole term").alias("part"), pl.col("attendance_code").cat.to(CODE)
            )
            yield as_declared(named, "attendance_codes")


def _thinned(starts: list[int]) -> list[int]:
    """Those of the rows on which schools begin that lie at least CODE_ROWS apart."""
    kept: list[int] = []
    for row in starts:
        if not kept or row - kept[-1] >= CODE_ROWS:
            kept.append(row)
    return kept


def _ranked(ids: pl.Series) -> tuple[pl.Series, pl.Series]:
    """{number: rank}, and the ids in order."""
    return (ids.rank("ordinal").cast(pl.UInt32) - 1), ids.sort()
