"""Names that the parts of a fact share."""

from sendlab.schema.groups import NOT_RECORDED

KEY = ("pupil_id", "school_id", "time_period")
SLUGS = {"EHC plan": "ehc_plan", "SEN support": "sen_support", "No SEN": "no_sen", NOT_RECORDED: "not_recorded"}
JANUARY_CENSUS = "January census"
