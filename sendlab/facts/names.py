"""Names that the parts of a fact share."""

from sendlab.schema.groups import NOT_RECORDED

KEY = ("pupil_id", "school_id", "time_period")
SLUGS = {"EHC plan": "ehc_plan", "SEN support": "sen_support", "No SEN": "no_sen", NOT_RECORDED: "not_recorded"}
JANUARY_CENSUS = "January census"
CODE = "code_"  # begins the column that holds a pupil's sessions with a register code: code_I
REASON = "reason_"  # begins the column that holds a pupil's suspensions for a reason: reason_PP
SESSIONS = ("sessions_possible", "sessions_authorised", "sessions_unauthorised", "attendance_status")
EVENTS = {"suspensions": ("SUSP", "FIXD", "LNCH"), "permanent_exclusions": ("PERM",)}
# how many events there were, and how many fell while the pupil had each status
EVENT_COLUMNS = tuple(f"{event}{end}" for event in EVENTS for end in ("", *(f"_at_{slug}" for slug in SLUGS.values())))
