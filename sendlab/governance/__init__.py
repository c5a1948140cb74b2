"""Whose data, for how long and who saw them: restricted columns, retention, forgetting, a new key, the access log.

These are guards against accident. Whoever may edit sendlab.toml or the store can pass them: access control is the
business of the folder's own permissions.
"""

from sendlab.governance.access import log_access, row_level_allowed
from sendlab.governance.ageing import PurgeResult, dated, purge, purge_again, without_purged
from sendlab.governance.erasure import ForgetResult, forget, forgotten_ids, without_forgotten
from sendlab.governance.rekeying import RekeyResult, rekey
from sendlab.governance.restricted import NOTES_FOLDER, Split, restricted_columns_allowed, split_restricted
from sendlab.governance.retention import ask_retention, months_of, require_retention
from sendlab.governance.stored import store_notes

__all__ = [
    "NOTES_FOLDER",
    "ForgetResult",
    "PurgeResult",
    "RekeyResult",
    "Split",
    "ask_retention",
    "dated",
    "forget",
    "forgotten_ids",
    "log_access",
    "months_of",
    "purge",
    "purge_again",
    "rekey",
    "require_retention",
    "restricted_columns_allowed",
    "row_level_allowed",
    "split_restricted",
    "store_notes",
    "without_forgotten",
    "without_purged",
]
