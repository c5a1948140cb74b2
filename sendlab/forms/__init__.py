"""Collection forms as workbooks, for what an authority does not hold yet; ingest reads them as they come back."""

from sendlab.forms.declared import write_declared_form
from sendlab.forms.self_evaluation import write_self_evaluation_form

__all__ = ["write_declared_form", "write_self_evaluation_form"]
