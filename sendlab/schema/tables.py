"""The declared tables: one declaration gives validation, an extract reader with aliases, storage and documentation.

Column names met in LA extracts are recorded as aliases (compared in lower case without blanks, underscores or
punctuation). `privacy` is the class of disclosure rules: ordinary, special (need, health, ethnicity), restricted,
or identifier (a UPN that becomes a keyed pseudonym before anything is stored).
"""

from dataclasses import dataclass, field
from typing import Literal

import polars as pl

Kind = Literal["text", "integer", "number", "date", "flag", "period"]
POLARS_TYPE: dict[str, type[pl.DataType]] = {
    "text": pl.String,
    "integer": pl.Int64,
    "number": pl.Float64,
    "date": pl.Date,
    "flag": pl.Boolean,
    "period": pl.String,
}


@dataclass(frozen=True)
class Column:
    """One column: what it means, what may stand in it, and what it is called elsewhere."""

    name: str
    kind: Kind
    meaning: str
    required: bool = False  # the column must be there and filled in every row
    codes: str = ""  # code set; an unknown code loads with a warning
    allowed: tuple[str, ...] = ()  # anything else is quarantined
    minimum: float | None = None
    maximum: float | None = None
    aliases: tuple[str, ...] = ()
    privacy: str = "ordinary"


@dataclass(frozen=True)
class Table:
    """One declared table; `key` names the columns that together say which row it is."""

    name: str
    title: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    pupil_level: bool = True
    aliases: tuple[str, ...] = field(default=())

    def column(self, name: str) -> Column:
        """The column of that name."""
        return next(column for column in self.columns if column.name == name)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns that must be there."""
        return tuple(column.name for column in self.columns if column.required)

    @property
    def polars_schema(self) -> dict[str, type[pl.DataType]]:
        """{column: polars type}, in declared order."""
        return {column.name: POLARS_TYPE[column.kind] for column in self.columns}


PUPIL_ID = Column(
    "pupil_id", "text", "UPN on the way in; a keyed pseudonym in the store", required=True, privacy="identifier",
    aliases=("UPN", "Unique Pupil Number", "Pupil UPN"),
)  # fmt: skip
SCHOOL_ID = Column(
    "school_id",
    "text",
    "LAESTAB of the school (or its id in the file); a URN is turned into the LAESTAB",
    required=True,
    aliases=("LAESTAB", "LAEstab", "DfE Number", "school_laestab", "NativeId", "URN", "school_urn", "Estab"),
)
PERIOD = Column(
    "time_period", "period", "academic year, 202425", required=True,
    aliases=("Academic year", "AcademicYear", "Year", "ACADYR"),
)  # fmt: skip
TERM = Column("term", "text", "term of the academic year", allowed=("Autumn term", "Spring term", "Summer term"))
SEN_CODE = Column(
    "sen_provision",
    "text",
    "SEN provision code; blank means not recorded, never N",
    codes="sen_provision",
    privacy="special",
    aliases=("SENprovision", "SENprovisionMajor", "SEN Provision", "SEN Status", "SEN Stage", "SEN"),
)

_SCHOOLS = Table(
    "schools",
    "Schools",
    (
        SCHOOL_ID,
        Column("school_urn", "text", "unique reference number", aliases=("URN",)),
        Column(
            "school_name",
            "text",
            "name",
            required=True,
            aliases=("SchoolName", "School", "EstablishmentName", "SCHNAME"),
        ),
        Column("phase_code", "text", "phase as in the census", codes="school_phase", aliases=("phase", "Phase")),
        Column("la_code", "text", "three-digit LA code", aliases=("LEA", "LA (code)", "old_la_code", "LA")),
    ),
    key=("school_id",),
    pupil_level=False,
)

_PUPILS = Table(
    "pupils",
    "Pupils at each census",
    (
        PUPIL_ID,
        SCHOOL_ID,
        PERIOD,
        Column("term", "text", "term of the census", required=True, allowed=TERM.allowed, aliases=("CensusTerm",)),
        Column("on_roll", "flag", "on the roll on census day (no: left since the last census)"),
        Column("upn_status", "text", "valid, invalid (kept and flagged) or blank (linked within its file only)"),
        Column("sex", "text", "sex", codes="sex", aliases=("Gender",)),
        Column("age_at_31_august", "integer", "years on 31 August before the academic year", minimum=0, maximum=25),
        Column("nc_year", "text", "national curriculum year actual", codes="nc_year",
               aliases=("NCyearActual", "NC Year", "NCYear", "Year Group", "YearGroup", "NCYG", "YEARGRP")),
        Column("enrol_status", "text", "blank means unknown", codes="enrol_status", aliases=("EnrolStatus",)),
        Column("boarder", "text", "boarder status", codes="boarder_status"),
        Column("part_time", "flag", "part-time", aliases=("PartTime",)),
        Column("entry_date", "date", "date of entry", aliases=("EntryDate", "Date of Admission")),
        Column("leaving_date", "date", "date of leaving", aliases=("LeavingDate",)),
        SEN_CODE,
        Column("sen_primary_need", "text", "need of rank 1", codes="sen_need_type", privacy="special",
               aliases=("PrimarySENtype", "SEN primary need", "sentype1", "SEN Need 1", "Primary Need")),
        Column("sen_secondary_need", "text", "need of rank 2", codes="sen_need_type", privacy="special",
               aliases=("SecondarySENtype", "sentype2", "SEN Need 2")),
        Column("sen_unit", "flag", "member of a SEN unit", aliases=("SENunitIndicator", "SEN Unit"), privacy="special"),
        Column("resourced_provision", "flag", "in resourced provision", aliases=("ResourcedProvisionIndicator", "RP"),
               privacy="special"),
        Column("fsm_eligible", "flag", "eligible for free school meals on census day", aliases=("FSMeligible", "FSM")),
        Column("ethnicity", "text", "ethnicity", codes="ethnicity", privacy="special", aliases=("Ethnic Code",)),
        Column("language", "text", "first language", codes="language", aliases=("First Language",)),
    ),
    key=("pupil_id", "school_id", "time_period", "term"),
)  # fmt: skip

_ATTENDANCE = Table(
    "attendance",
    "Attendance by term",
    (
        PUPIL_ID,
        SCHOOL_ID,
        PERIOD,
        Column("term", "text", "term in which the sessions fell", required=True, allowed=TERM.allowed),
        Column("part", "text", "the whole term, or one part of the summer term as the autumn census returns it",
               allowed=("whole term", "to late May", "second half")),
        Column("sessions_possible", "number", "sessions (half days) the pupil could attend", minimum=0,
               aliases=("TermlySessionsPossible", "Possible Sessions", "Poss")),
        Column("sessions_authorised", "number", "sessions missed, authorised", minimum=0,
               aliases=("Authorised", "TermlySessionsAuthorised", "AuthorisedAbsence")),
        Column("sessions_unauthorised", "number", "sessions missed, unauthorised", minimum=0,
               aliases=("Unauthorised", "Unauth", "TermlySessionsUnauthorised", "UnauthorisedAbsence")),
        Column("basis", "text", "where the absence comes from", allowed=("totals", "reasons", "none")),
        Column("totals_disagree", "flag", "a total was returned and the reason rows sum to something else"),
    ),
    key=("pupil_id", "school_id", "time_period", "term", "part"),
)  # fmt: skip

_SUSPENSIONS = Table(
    "suspensions",
    "Suspensions and permanent exclusions",
    (
        PUPIL_ID,
        SCHOOL_ID,
        Column("start_date", "date", "first day", required=True, aliases=("StartDate",)),
        Column(
            "category",
            "text",
            "SUSP, LNCH or PERM (FIXD is read as SUSP)",
            required=True,
            codes="suspension_category",
            allowed=("SUSP", "FIXD", "LNCH", "PERM"),
            aliases=("Category",),
        ),
        Column("sessions", "number", "sessions excluded from", minimum=0, maximum=90, aliases=("ActualSessions",)),
        Column("reason_1", "text", "main reason", codes="suspension_reason", aliases=("reason1", "reason")),
        Column("reason_2", "text", "second reason", codes="suspension_reason", aliases=("reason2",)),
        Column("reason_3", "text", "third reason", codes="suspension_reason", aliases=("reason3",)),
        SEN_CODE,
    ),
    key=("pupil_id", "school_id", "start_date", "category"),
)

_ASSESSMENTS = Table(
    "assessments",
    "Assessments",
    (
        PUPIL_ID,
        SCHOOL_ID,
        PERIOD,
        Column("assessment", "text", "KS1, KS2, or the name of a standardised test", required=True, aliases=("test",)),
        Column(
            "subject",
            "text",
            "reading, writing or mathematics",
            required=True,
            allowed=("reading", "writing", "mathematics"),
        ),
        Column("assessed_on", "date", "date of the assessment", aliases=("date",)),
        Column(
            "score",
            "number",
            "scaled score 80-120 (KS2 tests), points (KS1), or standardised score",
            minimum=0,
            maximum=200,
        ),
        Column(
            "outcome", "text", "code of a teacher assessment or of a test without a score (EXS, WTS, PK3, B, N, A, ...)"
        ),
    ),
    key=("pupil_id", "time_period", "assessment", "subject", "assessed_on"),
)

_PROGRESS_REFERENCE = Table(
    "progress_reference",
    "National means by prior attainment",
    (
        PERIOD,
        Column("subject", "text", "reading, writing or mathematics", required=True,
               allowed=("reading", "writing", "mathematics")),
        Column("group", "integer", "prior attainment group", required=True, minimum=1),
        Column("points_from", "number", "KS1 average points, lower edge (included)", required=True),
        Column("points_to", "number", "KS1 average points, upper edge (left out)", required=True),
        Column("mean_score", "number", "national mean KS2 score of the group", required=True),
        Column("national_sd", "number", "national standard deviation of pupils' progress", required=True, minimum=0),
        Column("source", "text", "where the means come from", required=True),
    ),
    key=("time_period", "subject", "group"),
    pupil_level=False,
)  # fmt: skip

_INTERVENTIONS = Table(
    "interventions",
    "Interventions that pupils took part in",
    (
        PUPIL_ID,
        SCHOOL_ID,
        PERIOD,
        Column("intervention", "text", "name", required=True),
        Column("subject", "text", "what it aims at", required=True, allowed=("reading", "writing", "mathematics")),
        Column("start_date", "date", "first session", aliases=("start",)),
        Column("end_date", "date", "last session", aliases=("end",)),
        Column("sessions_planned", "number", "sessions planned", minimum=0),
        Column("sessions_attended", "number", "sessions attended", minimum=0),
    ),
    key=("pupil_id", "school_id", "time_period", "intervention"),
)  # fmt: skip

_SELF_EVALUATION = Table(
    "self_evaluation",
    "SEND self-evaluation ratings",
    (
        SCHOOL_ID,
        PERIOD,
        Column("rated_on", "date", "date of the round", required=True, aliases=("date",)),
        Column(
            "statement",
            "text",
            "one of the 45 statements (codes/sef_statement.csv)",
            required=True,
            codes="sef_statement",
        ),
        Column(
            "rating_now",
            "integer",
            "0-10; 0 is not applicable; blank is not rated",
            minimum=0,
            maximum=10,
            aliases=("now",),
        ),
        Column(
            "rating_target", "integer", "0-10, where the school wants to be", minimum=0, maximum=10, aliases=("target",)
        ),
        Column("target_months", "integer", "months to the target, 6 or 12", allowed=("6", "12"), aliases=("months",)),
    ),
    key=("school_id", "rated_on", "statement"),
    pupil_level=False,
)

_BENCHMARKS = Table(
    "benchmarks",
    "Published figures to compare with",
    (
        Column("measure", "text", "id of the card", required=True),
        Column("time_period", "period", "academic year", required=True),
        Column("time_identifier", "text", "kind of period", required=True),
        Column("geographic_level", "text", "National", required=True),
        Column("place_code", "text", "E92000001 for England", required=True),
        Column("place_name", "text", "name", required=True),
        Column("education_phase", "text", "phase, or Total"),
        Column("sen_provision", "text", "group, or Total"),
        Column("need_area", "text", "broad area of need, or Total"),
        Column("numerator", "number", "as published (may be rounded)"),
        Column("denominator", "number", "as published (may be rounded)"),
        Column("value", "number", "as published, never recomputed"),
        Column("symbol", "text", "the mark that stood in place of the value"),
        Column("unit", "text", "unit"),
        Column("source_file", "text", "file it was read from"),
    ),
    key=("measure", "time_period", "time_identifier", "place_code", "education_phase", "sen_provision", "need_area"),
    pupil_level=False,
)  # fmt: skip

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        _SCHOOLS, _PUPILS, _ATTENDANCE, _SUSPENSIONS, _ASSESSMENTS, _PROGRESS_REFERENCE, _INTERVENTIONS,
        _SELF_EVALUATION, _BENCHMARKS,
    )
}  # fmt: skip
