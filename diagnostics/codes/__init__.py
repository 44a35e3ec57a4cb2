"""What codes mean: SMTP replies, enhanced status codes, Exchange's tokens, Schannel, SSPI, Winsock, events.

The facts are the flat tables beside this file (`*.toml`). A number alone is seldom enough, because Microsoft
uses registered numbers for meanings of its own: number and text decide together.
"""

from diagnostics.codes.model import Explanation, Meaning, Row
from diagnostics.codes.near import like
from diagnostics.codes.providers import calm, of_event, one_source, shared_with, without_cause
from diagnostics.codes.query import explain
from diagnostics.codes.reply import is_wrapper, suspects
from diagnostics.codes.reply import token as token_row
from diagnostics.codes.shown import shown
from diagnostics.codes.tables import labelled
from diagnostics.codes.technical import of_queue, of_wizard
from diagnostics.codes.technical import rows_of as technical

__all__ = [
    "Explanation",
    "Meaning",
    "Row",
    "calm",
    "explain",
    "is_wrapper",
    "labelled",
    "like",
    "of_event",
    "of_queue",
    "of_wizard",
    "one_source",
    "shared_with",
    "shown",
    "suspects",
    "technical",
    "token_row",
    "without_cause",
]
