"""Measure rows: the one shape in which every metric answers, for the LA, each school and published benchmarks alike.

It is the open-data layout of Explore Education Statistics in long form: breakdowns are rows, not column names, and
`Total` stands where a column is not broken down.
"""

import polars as pl

from sendlab.schema.labels import is_school_year

# The columns that a figure may be broken down by, in the order in which they stand in a row.
GROUPS = (
    "sen_provision",  # EHC plan, SEN support, No SEN, Not recorded, All SEN, Total
    "need_area",  # four broad areas, No broad area, Not recorded, Total
    "sen_primary_need",  # code of the need (codes/sen_need_type.csv), Not yet collected, Total
    "nc_year",  # year group as in the census: R, 1, 2, ...
    "sex",  # Male, Female, Unknown
    "fsm_status",  # FSM eligible, FSM not eligible
    "ethnicity_major",  # White, Mixed, Asian, Black, Any other ethnic group, Unclassified, Not yet collected
    "item",  # what the card says: a register code, a reason, an intervention, a statement; else Total
)
# column -> type; the order is the order in files.
MEASURE_COLUMNS: dict[str, type[pl.DataType] | pl.DataType] = {
    "measure": pl.String,  # id of the card in metrics/cards
    "time_period": pl.String,  # 202425; a calendar year (2025) where the source counts so
    "time_identifier": pl.String,  # Academic year, Autumn and spring term, Autumn term, Autumn half term 1, ...
    "geographic_level": pl.String,  # School, Local authority, National
    "place_code": pl.String,  # URN (else the school's id in the files), LA code, E92000001
    "place_name": pl.String,
    "education_phase": pl.String,  # of the school; Total for an LA
    **dict.fromkeys(GROUPS, pl.String),
    "comparator": pl.String,  # "" for a figure; else the row is a gap to this named comparator
    "numerator": pl.Float64,
    "denominator": pl.Float64,
    "base_subjects": pl.Int64,  # distinct people in the denominator
    "with_subjects": pl.Int64,  # distinct people behind the numerator
    "top_share": pl.Float64,  # the largest person's share of a sum
    "eligible_subjects": pl.Int64,  # people who could have counted; base_subjects / eligible_subjects is the coverage
    "value": pl.Float64,  # the figure in `unit`, or the gap in percentage points / points where comparator is set
    "lower": pl.Float64,  # 95 % interval
    "upper": pl.Float64,
    "least": pl.Float64,  # the range of the figure whatever those who could have counted, and did not, would have done;
    "most": pl.Float64,  # given where the coverage is too low or too uneven to rely on
    "comparator_value": pl.Float64,
    "comparator_period": pl.String,
    "unit": pl.String,
    "method": pl.String,  # how the interval was made; "published" for a benchmark
    "data_to": pl.Date,  # last date of the data behind it
    "status": pl.String,  # "" or a symbol: z not applicable, x not available, c suppressed, u unreliable
    "note": pl.String,  # the reason for a symbol, in words
}
_TEXT_DEFAULTS = {
    "education_phase": "Total",
    **dict.fromkeys(GROUPS, "Total"),
    "comparator": "",
    "comparator_period": "",
    "method": "",
    "status": "",
    "note": "",
}
# Columns that say which row this is; together they are unique.
MEASURE_KEY = (
    "measure", "time_period", "time_identifier", "geographic_level", "place_code", "education_phase", *GROUPS,
    "comparator",
)  # fmt: skip


def as_measures(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame in measure-row shape: columns that are missing get their default, others are refused.

    >>> as_measures(pl.DataFrame({"measure": ["m"], "value": [1.0]})).columns == list(MEASURE_COLUMNS)
    True
    """
    unknown = [name for name in frame.columns if name not in MEASURE_COLUMNS]
    if unknown:
        raise ValueError(f"not columns of a measure row: {unknown}")
    columns = []
    for name, dtype in MEASURE_COLUMNS.items():
        default = _TEXT_DEFAULTS.get(name)
        column = pl.col(name).cast(dtype) if name in frame.columns else pl.lit(None, dtype=dtype).alias(name)
        columns.append(column if default is None else column.fill_null(default))
    return frame.select(columns)


def no_measures() -> pl.DataFrame:
    """No measure row at all, in the shape of many."""
    return pl.DataFrame(schema=MEASURE_COLUMNS)


def school_years(rows: pl.DataFrame) -> list[str]:
    """The school years that these rows have figures of, latest last; a line that nothing was collected is none.

    >>> school_years(pl.DataFrame({"time_period": ["202526", "2025", "202627"], "status": ["", "", "x"]}))
    ['202526']
    """
    return sorted(filter(is_school_year, rows.filter(pl.col("status") != "x")["time_period"].cast(pl.String).unique()))
