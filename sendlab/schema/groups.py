"""Names of the groups that figures are broken down by, in the order in which they are shown."""

TOTAL = "Total"
NO_ITEM = "None"  # in place of an item, where a measure that is told item by item has none
NOT_RECORDED = "Not recorded"
ALL_SEN = "All SEN"

# SEN provision: code -> name. S, A, P and Q are older codes still met (codes/sen_provision.csv, `group`).
PROVISION_OF_CODE = {
    "E": "EHC plan",
    "S": "EHC plan",
    "K": "SEN support",
    "A": "SEN support",
    "P": "SEN support",
    "Q": "SEN support",
    "N": "No SEN",
}
SEN_PROVISION = ("EHC plan", "SEN support", "No SEN", NOT_RECORDED)
SEND = ("EHC plan", "SEN support")

# The four broad areas of the SEND code of practice (2015, 6.28-6.35); OTH, NSA and needs not reported
# belong to none (codes/sen_need_area.csv).
AREA_OF_CODE = {
    "CI": "Communication and interaction",
    "CL": "Cognition and learning",
    "SEMH": "Social, emotional and mental health",
    "SP": "Sensory and/or physical",
    "OTHER": "No broad area",
}
NEED_AREAS = tuple(AREA_OF_CODE.values())

# Phase of a school: census code (codes/school_phase.csv) -> name as in Explore Education Statistics.
PHASE_OF_CODE = {
    "NS": "Nursery",
    "PS": "Primary",
    "MP": "Primary",
    "MS": "Secondary",
    "SS": "Secondary",
    "AT": "All-through",
    "SP": "Special",
    "PR": "Alternative provision",
}
UNKNOWN_PHASE = "Unknown"
PHASES = ("Nursery", "Primary", "Secondary", "All-through", "Special", "Alternative provision", UNKNOWN_PHASE)

TERMS = ("Autumn term", "Spring term", "Summer term")
FULL_YEAR, AUTUMN_AND_SPRING = "Academic year", "Autumn and spring term"
NOT_YET_COLLECTED = "Not yet collected"  # need and ethnicity of those who joined since the last spring census
SEX_OF_CODE = {"M": "Male", "F": "Female"}  # Explore Education Statistics; other codes: Unknown
FSM, NOT_FSM = "FSM eligible", "FSM not eligible"


def half_term(number: int) -> str:
    """Name of a half term, 1 to 6 (HT1 to HT6).

    >>> half_term(1), half_term(6)
    ('Autumn half term 1', 'Summer half term 2')
    """
    return f"{TERMS[(number - 1) // 2].removesuffix(' term')} half term {2 - number % 2}"


HALF_TERMS = tuple(half_term(number) for number in range(1, 7))
