"""Names, UPNs, dates of birth and postcodes planted in the input never reach the store's tables, logs or reports."""

import csv
import re
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from sendlab.cli import main
from sendlab.ingest import ingest
from sendlab.workspace import find_workspace

SURNAME, FORENAME, UPN, POSTCODE = "Zyxwerthy", "Quillabar", "A999200114007", "ZZ9 7QX"
BORN = ("2013-Apr-17", "2013-04-17", "17/04/2013", "17-04-2013", "17.04.2013", "17 April 2013", "41381")
CANARIES = (SURNAME, FORENAME, UPN, POSTCODE, "ZZ97QX", *BORN)
SENTENCE = f"{FORENAME} {SURNAME} (UPN {UPN}, born 17/04/2013, {POSTCODE}) hid in the cloakroom."


def write(path: Path, *rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle).writerows(rows)


def plant(raw: Path) -> None:
    """One pupil, in every kind of file that may name them."""
    born = "2013-Apr-17 00:00:00"
    write(
        raw / "2025_spring_pupilonroll.csv",
        ["pupilonrolltableid", "NativeId", "pupilonrollorderseqcolumn", "upn", "surname", "forename", "dob", "sex",
         "senprovision", "ncyearactual", "enrolstatus", "termlysessionspossible"],
        ["p1", "9992001", "1", UPN, SURNAME, FORENAME, born, "F", "K", "6", "C", "120"],
        ["p2", "9992001", "2", UPN, SURNAME, FORENAME, "not a date", SURNAME, SENTENCE, FORENAME, "C", SENTENCE],
    )  # fmt: skip
    write(
        raw / "2025_spring_addresses.csv",
        ["pupilonrolltableid", "NativeId", "addressestableid", "addressesorderseqcolumn", "postcode"],
        ["p1", "9992001", "a1", "1", POSTCODE],
    )
    write(
        raw / "plans.csv",
        ["UPN", "LAESTAB", "plan", "plan_type", "start_date", "note", "Surname", "DOB"],
        [UPN, "9992001", "1", "SEN support", "01/09/2024", SENTENCE, SURNAME, "17/04/2013"],
        [UPN, "9992001", SENTENCE, "SEN support", "01/09/2024", SENTENCE, SURNAME, "17/04/2013"],
        [UPN, "9992001", "3", SENTENCE, SENTENCE, SENTENCE, SURNAME, "17/04/2013"],
    )
    write(raw / "clubs of pupils.csv", ["club", "pupil"], ["chess", SENTENCE], ["chess", UPN])
    write(raw / "contacts.csv", ["Surname", "Forename", "telephone"], [SURNAME, FORENAME, "0"])
    write(
        raw / "register.csv",
        ["student_id", "UPN", "LAESTAB", "date", "session", "attendance_code", "comment", "Surname"],
        ["7", UPN, "9992001", "02/12/2024", "AM", "/", SENTENCE, SURNAME],
        ["7", UPN, "9992001", SENTENCE, "AM", "I", SENTENCE, SURNAME],
        ["7", UPN, "9992001", "03/12/2024", "AM", FORENAME, SENTENCE, SURNAME],
    )
    (raw / "sen2.xml").write_text(
        f"""<?xml version="1.0"?><Message><Header><CollectionDetails><Collection>SEN2</Collection><Year>2025</Year>
        <ReferenceDate>2025-01-16</ReferenceDate></CollectionDetails><Source><LEA>999</LEA></Source></Header>
        <Persons><Person><Surname>{SURNAME}</Surname><Forename>{FORENAME}</Forename>
        <PersonBirthDate>2013-04-17</PersonBirthDate><Sex>F</Sex><PostCode>{POSTCODE}</PostCode><UPN>{UPN}</UPN>
        <Requests><ReceivedDate>2024-03-01</ReceivedDate><RequestSource>{SENTENCE}</RequestSource></Requests>
        <Requests><ReceivedDate>{SENTENCE}</ReceivedDate><RequestOutcome>Y</RequestOutcome></Requests>
        </Person></Persons></Message>""",
        encoding="utf-8",
    )


@pytest.fixture
def planted(tmp_path, monkeypatch):
    monkeypatch.setenv("SENDLAB_CONFIG_DIR", str(tmp_path / "config"))
    runner = CliRunner()
    root = tmp_path / "space"
    made = runner.invoke(main, ["init", str(root), "--la-code", "999", "--la-name", "Exampleshire"])
    assert made.exit_code == 0, made.output
    text = (root / "sendlab.toml").read_text(encoding="utf-8")
    key_line = re.sub(r'key_id = "\w+"', 'key_id = "sample"', text)
    (root / "sendlab.toml").write_text(key_line, encoding="utf-8")
    plant(root / "raw")
    return root


def found_in(text: str) -> list[str]:
    return [canary for canary in CANARIES if canary.lower() in text.lower()]


def test_no_canary_is_in_the_store(planted):
    result = ingest(find_workspace(planted))
    assert {record.file for record in result.records} >= {"plans.csv", "register.csv", "sen2.xml", "contacts.csv"}
    ordinary = [path for path in (planted / "store").rglob("*") if path.is_file() and "restricted" not in path.parts]
    assert len(ordinary) > 30
    for path in ordinary:
        if path.suffix == ".parquet":
            text = pl.read_parquet(path).select(pl.all().cast(pl.String)).write_csv()
        else:
            text = path.read_text(encoding="utf-8")
        assert found_in(text) == [], path.name


def test_rows_of_the_planted_pupil_are_stored_under_a_pseudonym(planted):
    """The plant is no idle one: its good rows do reach the store."""
    ingest(find_workspace(planted))
    store = planted / "store"
    ids = [pl.read_parquet(store / f"{name}.parquet")["pupil_id"] for name in ("pupils", "plans", "ehc_requests")]
    assert all(len(column) for column in ids)
    assert len(set().union(*(set(column) for column in ids))) == 1


@pytest.mark.parametrize("arguments", [["ingest"], ["ingest", "--json"], ["ingest", "--force"]])
def test_no_canary_is_told_or_reported(planted, arguments):
    done = CliRunner().invoke(main, [*arguments, "--workspace", str(planted)])
    assert done.exit_code == 1 and found_in(done.output) == []
    reports = [path for path in (planted / "reports").rglob("*") if path.is_file()]
    assert any(path.suffix == ".html" for path in reports)
    for path in reports:
        assert found_in(path.read_bytes().decode("utf-8", errors="replace")) == [], path.name


def test_check_tells_no_canary(planted):
    files = sorted(str(path) for path in (planted / "raw").iterdir())
    for options in ([], ["--json"]):
        done = CliRunner().invoke(main, ["check", *options, *files])
        assert found_in(done.output) == []
        assert "date_unreadable" in done.output or "is not a date" in done.output
