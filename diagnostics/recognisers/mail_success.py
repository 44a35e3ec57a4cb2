"""Lines in which a client's or another mail server's log says that all went well: an encrypted session, a message taken.

They show no fault, so all they are for is the answer that nothing here is broken.
"""

from __future__ import annotations

from collections.abc import Sequence

from diagnostics.artefacts import Artefact
from diagnostics.facts import SmtpReached, Stage
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.mail_words import of_mail
from diagnostics.recognisers.reply_wording import asks_about
from diagnostics.recognisers.sources import source_at

_TAKEN = (
    r"\b(?:smtpstatus=250|exitcode=EX_OK)\b|\b250 2\.[06]\.0 (?:OK|Ok|ok)\b.{0,60}\bqueued\b|\bQueued mail for delivery\b"
    # Postfix counts the commands of a session; of one that failed it says how many succeeded, as in data=0/1.
    r"|\bdisconnect from \S+ (?:[a-z]+=\d+ )+data=[1-9]\d* (?:[a-z]+=\d+ )*commands=\d+\s*$"
    r"|\bresult=\"?Ok\"? .{0,80}\bstat=|^\s*(?:<-|<~|<)\s+250 .{0,60}(?:queued|OK id=)"
)
_SECURED = (
    r"\b(?:Trusted|Verified|Untrusted|Anonymous) TLS connection established (?:to|from) |\bSTARTTLS=(?:client"
    r"|server), .{0,200}verify=OK\b"
    r"|\b[Cc]onnection is now using (?:TLS|SSL)v?\d|=== TLS started with cipher TLS"
)
_IS_TAKEN = linear(f"(?i)(?:{_TAKEN})")
_IS_SECURED = linear(f"(?i)(?:{_SECURED})")
_MOST = 200


@recogniser(f"(?:{_TAKEN}|{_SECURED})", rank=95)
def read(reading: Reading) -> Sequence[Artefact]:
    """One artefact for all such lines of a paste that speaks of mail."""
    facts: list[tuple[int, SmtpReached]] = []
    for index, line in reading.free():
        text = line[:2000]
        stage = Stage.DELIVERED if _IS_TAKEN.search(text) else Stage.SECURED if _IS_SECURED.search(text) else None
        if stage is not None and len(facts) < _MOST and not asks_about(text):
            facts.append((index, SmtpReached(source=source_at(reading, index), stage=stage)))
    if not facts or not any(of_mail(line[:2000]) for line in reading.paste.lines[:200]):
        return ()
    shown = {"lines": len(facts)}
    return [artefact(reading, "mail-log", [index for index, _ in facts], [fact for _, fact in facts], shown)]
