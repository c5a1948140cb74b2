"""What holds for every metric: rows of the measure shape, whatever the order of rows and the kind of frame; empty in,
empty out; the input untouched."""

import polars as pl
from polars.testing import assert_frame_equal

from sendlab.schema import MEASURE_COLUMNS
from sendlab.schema.measures import GROUPS, MEASURE_KEY

LA, SCHOOL = "Local authority", "School"


def holds(metric, *frames, **options):
    """Every law at once; gives the rows."""
    frames = [frame.clone() for frame in frames]
    before = [frame.clone() for frame in frames]
    rows = metric(*frames, **options)
    assert list(rows.columns) == list(MEASURE_COLUMNS)
    assert not rows.select(MEASURE_KEY).is_duplicated().any()
    assert rows.filter(pl.col("value").is_nan().fill_null(False)).is_empty()
    assert rows.filter((pl.col("value").is_null()) & (pl.col("status") == "")).is_empty()
    assert rows.filter(pl.col("lower") > pl.col("upper")).is_empty()
    assert set(rows["unit"]) == set(rows["unit"].drop_nulls())
    for old, new in zip(before, frames, strict=True):
        assert_frame_equal(old, new)
    mixed = [frame.sample(fraction=1, shuffle=True, seed=4) for frame in frames]
    same(metric(*mixed, **options), rows)
    pandas = metric(*(frame.to_pandas(use_pyarrow_extension_array=True) for frame in frames), **options)
    assert type(pandas).__module__.startswith("pandas")
    same(pl.from_pandas(pandas), rows)
    for place in range(len(frames)):
        some = [frame.clear() if place == number else frame for number, frame in enumerate(frames)]
        emptied = metric(*some, **options)
        assert list(emptied.columns) == list(MEASURE_COLUMNS)
    assert metric(*(frame.clear() for frame in frames), **options).is_empty()
    return rows


def same(made, expected):
    """The same figures, in any order of rows."""
    columns = [*MEASURE_KEY, "numerator", "denominator", "base_subjects", "with_subjects", "eligible_subjects", "value",
               "lower", "upper", "status", "note"]  # fmt: skip
    made = made.select(pl.col(name).cast(MEASURE_COLUMNS[name]) for name in columns)
    assert_frame_equal(made.sort(MEASURE_KEY), expected.select(columns).sort(MEASURE_KEY), abs_tol=1e-9)


def find(rows, measure, level=LA, provision="Total", need="Total", item="Total", **more):
    """The one row asked for, as a dict."""
    wanted = {**dict.fromkeys(GROUPS, "Total"), "measure": measure, "geographic_level": level,
              "sen_provision": provision, "need_area": need, "item": item, **more}  # fmt: skip
    got = rows.filter(**wanted)
    assert got.height == 1, (wanted, got.height)
    return got.row(0, named=True)


def figure(rows, measure, *names, **which):
    """Some columns of the one row asked for."""
    row = find(rows, measure, **which)
    return tuple(row[name] for name in names)
