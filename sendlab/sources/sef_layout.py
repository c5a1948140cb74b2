"""The self-evaluation form and the improvement plan as workbooks: the words that the reader finds things by."""

from sendlab.schema.tables import TABLES

START, RATINGS, EVIDENCE, PLAN = "Start here", "Ratings", "Evidence", "Improvement plan"
# On the first sheet: words in column A beside the boxes in column B, and what the declared table calls them.
FIELDS = {
    "School (LAESTAB or URN)": "school_id",
    "Date of this round": "rated_on",
    "What is rated": "unit",
    "Who rates": "rater",
    "Number": "rater_number",
}
REQUIRED = ("school_id", "rated_on")
# Headings of the tables, and what the declared tables call them; what is not here is for the eye alone.
RATING_COLUMNS = {
    "Code": "statement",
    "Now": "rating_now",
    "Target": "rating_target",
    "Months": "target_months",
}
EVIDENCE_COLUMNS = {
    "Code": "statement",
    "Day": "recorded_on",
    "Kind": "type",
    "Offered to others": "shared",
    "What it is": "note",
}
PLAN_COLUMNS = {
    "School": "school_id",
    "Code": "statement",
    "Action number": "action_id",
    "What will be done": "note",
    "Owner (role)": "owner_role",
    "Agreed on": "set_on",
    "Due on": "due_on",
    "Reviewed on": "reviewed_on",
    "Status": "status",
    "Success criterion met": "criteria_met",
}
GIVEN_IN_PLAN = ("school_id", "statement")  # printed in every row of the plan, whether anything is planned or not
# What ratings stand for, in our own words, after the SEND self-evaluation tool of a local authority (2023).
ANCHORS = (
    ("0", "Does not apply to our setting. It counts nowhere."),
    ("1", "Not done, or not done yet."),
    ("3", "Here and there: patchy, and nothing shows yet that it helps."),
    ("5", "Done well in places: it works there, but not everywhere or every time."),
    ("7", "Done well across the setting, with better outcomes that follow from it."),
    ("8 to 10", "Outstanding: case studies that other schools could learn from."),
)


def numbers_from(unit: str, rater: str, rater_number: int | None) -> int:
    """What is added to the numbers of a rater's pieces of evidence, so that two raters' pieces of a day stay two.

    >>> numbers_from("setting", "agreed", None), numbers_from("setting", "SENCo", 1)
    (0, 80100)
    """
    units, raters = (TABLES["self_evaluation"].column(name).allowed for name in ("unit", "rater"))
    if rater == "agreed":
        return 0
    return 10_000 * (len(units) * raters.index(rater) + units.index(unit)) + 100 * (rater_number or 0)
