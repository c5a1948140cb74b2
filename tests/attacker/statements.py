"""The statements of the self-evaluation as anyone may read them in the tool."""

from sendlab.codes import labels

STATEMENTS = {f"{code} {words}": code for code, words in labels("sef_statement").items()}
