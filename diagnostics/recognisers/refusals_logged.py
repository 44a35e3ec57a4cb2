"""What mail servers log of the clients that they refused: Sendmail, OpenSMTPD, hMailServer, Stalwart and maddy.

Postfix's and Exim's own refusals are read with the rest of their logs (`relay_log`). Who refuses is the server whose log this is,
so a recipient that it does not know is one of its own domains'. Sources: sendmail's srvrsmtp.c, OpenSMTPD's smtp_session.c,
hMailServer's TCP log, Stalwart's list of events, maddy's msgpipeline.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.facts import Fact
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact, failed_reply
from diagnostics.recognisers.sources import source_at
from diagnostics.seen import LOGGED_REFUSALS

_BY_OPENSMTPD: Final = (
    r"\bfailed-command .{0,300}?command=\"(?:RCPT TO:\s?<(?P<to>[^<>\"]{0,320})>)?[^\"]*\".{0,40}?"
    r" result=\"(?P<words>[45]\d\d[^\"]*)"
)
_FORMS: Final = tuple(
    linear(f"(?i){pattern}")
    for pattern in (
        r"\bruleset=check_\w{2,10}, arg1=<?(?P<to>[^\s,<>]{1,320})>?,.{0,400}?\breject=(?P<words>[45]\d\d.*)$",
        _BY_OPENSMTPD,
        r"\"SMTPD\"\s.{0,200}\"SENT: (?P<words>[45]\d\d [^\"]*)",
        r"\bRCPT error\W.{0,600}?\"(?:reason|smtp_msg)\":\s?\"(?P<words>[^\"]{3,300})\"",
    )
)
# Stalwart names an event where others write the reply.
_STALWART = linear(
    r"(?i)\(smtp\.(?P<event>mailbox-does-not-exist|relay-not-allowed|rcpt-to-rejected|rcpt-rejected)\)"
    r"(?:.{0,600}?\bto ?= ?\"(?P<to>[^\"]{1,320})\")?"
)
_EVENTS: Final = {
    "mailbox-does-not-exist": "550 5.1.2 Mailbox does not exist.",
    "relay-not-allowed": "550 5.1.2 Relay not allowed.",
}
_OTHERWISE: Final = "550 5.1.2 Recipient rejected."
_UNKNOWN = linear(r"(?i)user unknown|unknown (?:user|recipient)|no such|not exist|invalid recipient|not found")
_ADDRESS = linear(r"<([^<>\s]{1,64}@[^<>\s]{1,253})>|\"(?:effective_)?rcpt\":\s?\"([^\"\s]{1,320})\"")


@recogniser("|".join(LOGGED_REFUSALS), rank=19)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for all lines of the paste."""
    claims: list[int] = []
    facts: list[Fact] = []
    results: Counter[str] = Counter()
    for index, line in reading.free():
        refused = _refused(line)
        if refused is None:
            continue
        words, to = refused
        claims.append(index)
        results["rejected"] += 1
        source = source_at(reading, index)
        facts += failed_reply(words, source, kind="log", code="5.0.0", recipient=to)
        reading.quoting.add(index)
        if _UNKNOWN.search(words):
            name = to.rpartition("@")[2].lower() or "the recipient's domain"
            facts.append(Configured(source=source, kind="local-delivery", name=name))
    return [artefact(reading, "relay-log", claims, facts, {"results": dict(results)})] if claims else ()


def _refused(line: str) -> tuple[str, str] | None:
    """(words, recipient) of a refusal."""
    event = _STALWART.search(line)
    if event:
        return _EVENTS.get(event.group("event").lower(), _OTHERWISE), event.group("to") or ""
    for form in _FORMS:
        found = form.search(line)
        if found:
            named = _ADDRESS.search(line)
            to = found.groupdict().get("to") or next((each for each in named.groups() if each), "") if named else ""
            return found.group("words").strip(), to
    return None
