"""A sending service's event or answer by which it did not send to an address: the short words of its log, webhook or API.

The whole sentences, which may stand in a server's reply as well, are known to the cause by themselves
(policy.provider.recipient-suppressed). Words are those of the services' documentation of events (webhooks).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from diagnostics.artefacts import Artefact
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.recognisers import Reading, recogniser
from diagnostics.recognisers.building import artefact
from diagnostics.recognisers.event_quotes import explains
from diagnostics.recognisers.reply_wording import asks_about
from diagnostics.recognisers.sources import source_at
from diagnostics.recognisers.told_past import over
from diagnostics.recognisers.told_settings import supposes

KIND: Final = "suppressed-recipient"
"""The kind of the fact. Its name is the service, "" where the words are told and tell none; `Words` is what was read."""
FREE: Final = "recipient-not-suppressed"
"""The kind of the fact that the service's list, which was asked, doesn't have the address."""

_V: Final = r"['\"]?\s{0,30}[:=]\s{0,3}['\"]?"
_DROPPED: Final = r"\b(?:Bounced|Spam Reporting|Unsubscribed) Address\b"  # SendGrid's reasons
_OF_SES: Final = (
    rf"\bOn(?:Account|Tenant)SuppressionList\b|\bbounceSubType{_V}Suppressed\b|\bSuppressedDestination['\"]?\s{{0,30}}:"
)
_OF_SENDGRID: Final = rf"\breason{_V}{_DROPPED}|\bdropped\b[^\n]{{0,80}}?{_DROPPED}|{_DROPPED}[^\n]{{0,80}}?\bdropped\b"
_OF_MAILGUN: Final = (
    r"\bsuppress-(?:bounce|complaint|unsubscribe)\b"
    r"|\bNot delivering to (?:a )?(?:previously bounced|unsubscribed|user who marked)\b"
)
_OF_BREVO: Final = (
    rf"\bdue to blacklist user\b|\bevent{_V}blocked\b[^\n]{{0,200}}\b(?:sendinblue|brevo)\b|\bblocked:? contact\b"
)
_KNOWN: Final = tuple(
    (name, linear(f"(?i)(?:{words})"))
    for name, words in (
        ("Amazon SES", _OF_SES),
        ("SendGrid", _OF_SENDGRID),
        ("Mailgun", _OF_MAILGUN),
        ("Postmark", rf"\bInactiveRecipients?(?:Error|Exception)?\b|\bErrorCode{_V}406\b"),
        ("Mailjet", r"\bpreblocked\b"),
        ("Brevo", _OF_BREVO),
        ("Mandrill", rf"\breject_?reason{_V}(?:hard-bounce|soft-bounce|spam|unsub)\b"),
        ("Resend", rf"\bemail\.suppressed\b|\blast_event{_V}suppressed\b"),
        ("Azure", rf"\bEmailDropped(?:All)?Recipients?Suppressed\b|\bdeliveryStatus{_V}Suppressed\b"),
    )
)
_ON_NO_LIST = linear(
    r"(?i)\bNotFoundException\b[^\n]{0,80}\bGetSuppressedDestination\b|\bdoes not exist on your suppression list\b"
)
# Told, or shown by whichever service: the address stands on its list.
_TOLD = linear(
    r"(?i)\b(?:is|are|was|were|been|be|landed|put|stands?|still|found|got|ended up|recipient|address)"
    r" (?:now |still |also |already )?"
    r"(?:on|in|onto|added to) (?:the |a |an |its |their |your |our |my )?(?:\S+ ){0,4}?(?:suppression|suppressed) ?list\b"
    r"|\b(?:recipient|address|contact)e?s? (?:\S+@\S+ )?(?:is|are|was|were|has been|have been) suppressed\b"
    r"|\b(?:auf|in) (?:der|die|einer) (?:\w+ )?(?:suppression ?list|suppression-?liste|sperrliste (?:von|bei|des) "
    r"(?:sendgrid|mailgun|postmark|brevo|mailjet|ses))\w{0,2}\b|\bliste de suppression (?:de|chez) |\blista de supresi[oó]n\b"
)
_NOT = linear(
    r"(?i)\b(?:not|n.t|no longer|never|nicht|kein\w*|pas|removed|deleted|cleared|neither|nor)\b[^.;\n]{0,50}$"
)
_DENIED = linear(r"(?i)\b(?:not|n.t|no longer|never|nicht|pas)\b")
_LONGEST: Final = 2_000
_MOST_LINES: Final = 400


@recogniser(
    r"(?:suppress|supresi|Not delivering to|(?:Bounced|Reporting|Unsubscribed) Address|InactiveRecipient|ErrorCode|preblocked"
    r"|blacklist user|blocked|reject_?reason|sperrliste)",
    rank=46,
)
def read(reading: Reading) -> Sequence[Artefact]:
    """The first line that has one."""
    for index, line in reading.free()[:_MOST_LINES]:
        if _ON_NO_LIST.search(line[:_LONGEST]):
            return [artefact(reading, FREE, [index], [Configured(source=source_at(reading, index), kind=FREE)], {})]
        name, words = _stated(line[:_LONGEST])
        if words:
            fact = Configured(
                source=source_at(reading, index), kind=KIND, name=name, values=(("Words", words),), failing=True
            )
            return [artefact(reading, KIND, [index], [fact], {"service": name, "words": words})]
    return []


def _stated(line: str) -> tuple[str, str]:
    """(service, its words) of a line that states it; empty where it is asked about, denied or over."""
    if asks_about(line) or explains(line):
        return "", ""
    for name, pattern in _KNOWN:
        found = pattern.search(line)
        if found and not over(line[: found.start()], line[found.end() :]):
            return name, found.group(0)[:80]
    told = _TOLD.search(line)
    if told is None or line.rstrip().endswith("?") or _DENIED.search(told.group(0)):
        return "", ""
    before = line[: told.start()]
    stated = not (supposes(before) or _NOT.search(before) or over(before, line[told.end() :]))
    return ("", told.group(0)[:80]) if stated else ("", "")
