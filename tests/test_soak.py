"""The soak and the bench on a tiny share; a planted fault ends the soak with 1; records are read, not made again."""

import json
import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

import sendlab.compare.flags
import sendlab.compare.says_shows
import sendlab.metrics.fairness.pairs
from sendlab.schema.tables import TABLES
from sendlab.stats.many import Family

ROOT = Path(__file__).resolve().parent.parent
TOOLS, BENCHMARKS = ROOT / "tools", ROOT / "benchmarks"
sys.path[:0] = [str(TOOLS), str(BENCHMARKS)]

import bench_absence  # noqa: E402
import bench_process  # noqa: E402
import bench_self_evaluation  # noqa: E402
import calibrate  # noqa: E402
import soak  # noqa: E402
import soak_flags  # noqa: E402
import soak_says  # noqa: E402


def records(folder):
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]


def as_part(monkeypatch, name, seeds=range(40), **changes):
    """One part alone, on few seeds."""
    part = replace(soak.PARTS[name], seeds=seeds, short=seeds, **changes)
    monkeypatch.setattr(soak, "PARTS", {name: part})


def test_a_finished_part_leaves_a_record_and_is_not_run_again(monkeypatch, tmp_path, capsys):
    as_part(monkeypatch, "garwood")
    assert soak.main(["--out", str(tmp_path)]) == 0
    (record,) = records(tmp_path)
    assert (record["part"], record["seeds"], record["ok"]) == ("garwood", "0 to 39", True)
    assert len(record["figures"]["coverage"]) == len(calibrate.EXPOSURES) * len(calibrate.RATES)
    assert {"commit", "date", "seconds", "code", "machine", "said"} <= set(record)

    def again(seeds):
        raise AssertionError("run again")

    as_part(monkeypatch, "garwood", run=again)
    assert soak.main(["--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out.count("ok: garwood") == 2
    monkeypatch.setattr(soak, "code_mark", lambda files: "other code")
    with pytest.raises(AssertionError, match="run again"):
        soak.main(["--out", str(tmp_path)])


def test_limits_that_are_too_narrow_end_with_1(monkeypatch, tmp_path, capsys):
    """Garwood's limits drawn half the way to their middle."""
    real = calibrate.intervals.garwood

    def narrow(events, exposure):
        low, high = real(events, exposure)
        return low + (high - low) / 4, high - (high - low) / 4

    monkeypatch.setattr(calibrate.intervals, "garwood", narrow)
    as_part(monkeypatch, "garwood")
    assert soak.main(["--out", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert "failed: garwood" in said and "| **no** |" in said
    assert soak.main(["--out", str(tmp_path)]) == 1  # read from its record, it has failed still


@pytest.mark.parametrize("case", ["funnels, planted", "disproportionality of schools, all alike"])
def test_a_family_without_control_ends_with_1(monkeypatch, tmp_path, case):
    """As it is the rule is met; with every p of 0.05 a flag it is not."""
    as_part(monkeypatch, case, seeds=range(3))
    assert soak.main(["--out", str(tmp_path / "as it is")]) == 0
    for module in (sendlab.compare.flags, sendlab.metrics.fairness.pairs):
        monkeypatch.setattr(module, "benjamini_hochberg", lambda p, q: Family(p <= 0.05, p, len(p)))
    assert soak.main(["--out", str(tmp_path / "without")]) == 1


def test_planted_excesses_are_found_and_told_apart():
    """Three schools with twice the absence, three with three times the suspensions: some are found, none elsewhere."""
    found = soak_flags.funnel_seed(0, planted=True)
    assert found.flags > found.found > 0
    assert found.planted > found.found
    assert soak_flags.funnel_seed(0, planted=False) == soak_flags.Seed(0, 0, 0, 0)


def test_a_flag_on_the_wrong_side_is_false():
    rows = pl.DataFrame({"flag": ["above", "below", "above", "", ""], "side": ["above", "above", "", "above", ""],
                         "planted": [True, True, False, True, False]})  # fmt: skip
    assert soak_flags.counted(rows) == soak_flags.Seed(2 / 3, 3, 3, 1)
    assert soak_flags.counted(rows.clear()) == soak_flags.Seed(0, 0, 0, 0)


def test_planted_disagreements_are_found_and_told_apart():
    """Three schools of each kind: most are found; where all schools are alike hardly any disagreement is."""
    for one in soak_says.seed_of(0, sizes=soak_says.SIZES["planted"]):
        assert len(one.hits) == 3 * len(soak_says.KINDS) and sum(hit for _, hit in one.hits) >= 12
        assert one.found > 15 and one.false_share < 0.3
    assert [one.hits for one in soak_says.seed_of(0)] == [[], []]


def test_disagreements_not_held_for_many_comparisons_end_with_1(monkeypatch, tmp_path):
    name = "says against shows, all alike"
    as_part(monkeypatch, name, seeds=range(2))
    monkeypatch.setattr(sendlab.compare.says_shows, "benjamini_hochberg", lambda p, q: Family(p <= 0.05, p, len(p)))
    assert soak.main(["--out", str(tmp_path)]) == 1
    assert "false 100.0 %" in records(tmp_path)[0]["said"]


def test_the_bench_of_self_evaluation_measures_each_part():
    found = bench_self_evaluation.once(6)
    assert found["ratings"] == 6 * 45 * 4
    assert all(found[f"{part}_seconds"] >= 0 for part in ("measures", "heat", "says_shows", "together"))


@pytest.mark.parametrize("name", ["informal exclusion", "planted truths"])
def test_parts_on_the_sample_run(monkeypatch, tmp_path, name):
    first = soak.PARTS[name].seeds.start
    as_part(monkeypatch, name, seeds=range(first, first + 2))
    assert soak.main(["--short", "--out", str(tmp_path)]) == 0
    assert records(tmp_path)[0]["seeds"] == f"{first} to {first + 1}"


def test_a_truth_of_another_size_ends_with_1(monkeypatch, tmp_path):
    real = soak.truths()
    monkeypatch.setattr(
        soak, "truths", lambda: [t | {"size": t["size"] and t["size"] + 5 * t["seed_sd"]} for t in real]
    )
    as_part(monkeypatch, "planted truths", seeds=range(1001, 1003))
    assert soak.main(["--out", str(tmp_path)]) == 1


def test_the_page_holds_the_table_of_all_parts(monkeypatch, tmp_path, capsys):
    page = tmp_path / "soak.md"
    page.write_text(f"# Soak\n\nwhy\n\n{soak.MARK}\n\nold\n", encoding="utf-8")
    monkeypatch.setattr(soak, "PAGE", page)
    as_part(monkeypatch, "garwood")
    assert soak.write_page(tmp_path) == 1
    assert "garwood not finished" in capsys.readouterr().err
    assert soak.main(["--write", "--out", str(tmp_path)]) == 0
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# Soak\n\nwhy\n\n{soak.MARK}\n\nMachine: ") and "old" not in text
    assert "| garwood | at least 95 % less 3 standard errors at every point | 0 to 39 | yes | mean " in text


def test_the_page_of_the_project_has_a_place_for_the_table():
    assert soak.PAGE.read_text(encoding="utf-8").count(soak.MARK) == 1


def test_only_all_parts_in_full_are_written():
    with pytest.raises(SystemExit):
        soak.main(["--write", "--short"])


def test_parts_are_named(capsys):
    assert soak.main(["--list"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in told] == list(soak.PARTS)
    assert told[0].startswith("clopper_pearson: seeds 0 to 1999; at least 95 % ")


# ---- the bench of absence


@pytest.fixture
def registers(tmp_path):
    """A store of two schools: a pupil at both, whose rows meet; days outside; no mark; exactly a tenth and a half."""
    days = [date(2025, 9, 1) + timedelta(n) for n in range(5)]
    rows = [("a", "9991001", day, half, "I" if (n, half) == (0, "AM") else "/")
            for n, day in enumerate(days) for half in ("AM", "PM")]  # fmt: skip
    rows += [("b", "9991001", day, "AM", code) for day, code in zip(days, ("O", "/", "#", None, "X"), strict=True)]
    rows += [("z", "9991001", date(2025, 12, 31), "AM", "/"), ("z", "9991002", date(2026, 1, 1), "AM", "C")]
    rows += [("z", "9991002", date(2026, 4, 6), "PM", "L"), ("z", "9991002", date(2026, 8, 1), "PM", "I")]
    schema = TABLES["sessions"].polars_schema
    names = ("pupil_id", "school_id", "session_date", "session", "attendance_code")
    (tmp_path / "sessions").mkdir()
    frame = pl.DataFrame(rows, schema=names, orient="row").cast({name: schema[name] for name in names})
    frame.write_parquet(tmp_path / "sessions" / "bucket-000.parquet")
    ids = [("a", "9991001"), ("b", "9991001"), ("z", "9991001"), ("z", "9991002")]
    census = pl.DataFrame(ids, schema=["pupil_id", "school_id"], orient="row").with_columns(
        time_period=pl.lit("202526"), term=pl.lit("Spring term"), sen_provision=pl.Series(["K", "N", "E", "N"])
    )
    census.write_parquet(tmp_path / "pupils.parquet")
    bench_absence.make_pupils(tmp_path, tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", list(bench_absence.ENGINES))
def test_every_engine_counts_the_same(registers, name):
    """a: 10 possible, 1 missed, persistent; b: O and / are possible; z: a term each."""
    figures = bench_absence.ENGINES[name](registers, registers)
    assert set(figures) == {"rows", "seconds", "cpu_seconds", "peak_mb"}
    assert pl.read_parquet(registers / f"{name}.parquet").rows() == [
        ("9991001", "E", "Autumn term", 1, 1, 0, 0, 0),
        ("9991001", "K", "Autumn term", 1, 10, 1, 1, 0),
        ("9991001", "N", "Autumn term", 1, 2, 1, 1, 1),
        ("9991002", "N", "Spring term", 1, 1, 1, 1, 1),
        ("9991002", "N", "Summer term", 1, 1, 0, 0, 0),
    ]


def test_no_time_is_printed_where_counts_differ(registers, monkeypatch, capsys):
    def here(name, store, folder):
        found = bench_absence.ENGINES[name](store, folder)
        if name == "pandas":
            path = folder / "pandas.parquet"
            pl.read_parquet(path).with_columns(pl.col("persistent") + 1).write_parquet(path)
        return found

    monkeypatch.setattr(bench_absence, "_run", here)
    with pytest.raises(SystemExit, match="pandas gave other counts than ours"):
        bench_absence.bench(registers, registers, times=1)
    assert capsys.readouterr().out == ""


def test_a_job_that_takes_too_long_has_no_figures(tmp_path):
    script = tmp_path / "job.py"
    script.write_text("import sys, time, json\ntime.sleep(float(sys.argv[2]))\nprint(json.dumps({'rows': 1}))\n")
    assert bench_process.in_a_process(str(script), "0", limit=30) == {"rows": 1}
    assert bench_process.in_a_process(str(script), "30", limit=0.5) is None
    with pytest.raises(SystemExit, match="could not convert"):
        bench_process.in_a_process(str(script), "soon")
