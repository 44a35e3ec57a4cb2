"""Takes out of a text what names people or opens doors, and leaves what tells the failure.

Two ways: `redacted` puts a mark in the place of each, for what nobody reads as a story (logs, labels of pictures); a
`Redactor` puts the same stand-in wherever the same stood, so that a case still tells one story and is judged the same.

What goes: mail addresses (also percent-encoded, encapsulated and X.500 ones), message ids, credentials of AUTH and what
follows them, credentials in base64, passwords and secrets after their names, as strings of PowerShell's and in `net use`,
Slack's tokens and webhook addresses, bearer tokens, JWTs, private keys. What stays: names of people and passwords in prose,
subjects, names of hosts that share no domain with an address. So an export is looked at before it leaves the house.
"""

from diagnostics.redaction.marks import redacted
from diagnostics.redaction.stand_ins import Redactor

__all__ = ["Redactor", "redacted"]
