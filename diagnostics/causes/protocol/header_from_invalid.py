"""The message has no valid sender: From, Sender or MAIL FROM is missing or malformed.

## What is happening
A message must have one From header with a well-formed address; with several addresses in From it needs a Sender
header, too. The envelope sender must be an address or empty. Applications that build messages by hand get it
wrong, and servers refuse it: `550 5.7.512` (RFC 5322 section 3.6.2), `550 5.1.20`, `501 5.1.7 Invalid address`.
A To or Cc line longer than 998 characters does the same where a relay cuts it: From then stands in the body
(`content-size.line.too-long`).

## What proves it
- the reply itself; the source of the message shows the header

## Not this when
- the address is well-formed but forbidden or unknown: that is a rule of the receiver, not the format

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-550-5-1-20-multiple-from-addresses
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/non-delivery-reports-in-exchange-online
- https://www.rfc-editor.org/rfc/rfc5322
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, look
from diagnostics.causes.connector.turned_away import is_private
from diagnostics.causes.dns.lookups import UNKNOWN_SENDER, sender_domain
from diagnostics.causes.protocol.steps import advise
from diagnostics.facts import Said
from diagnostics.mail_facts import Headers
from diagnostics.refusals import topics
from diagnostics.report import Step

_MISSING: Final = ("RFC 5322 section 3.6.2", "missing a valid address in From", "having no From: header")
_SEVERAL: Final = (
    "Multiple From addresses",
    "multiple addresses in From",
    "multiple From headers",
    "multiple From: headers",
)
_MALFORMED: Final = ("RfcMessageNonCompliant", "is not RFC 5322 compliant", "not RFC 2822 compliant")
_ENVELOPE: Final = ("5.1.7 Invalid address", "501 5.1.7")


_NOUNS: Final = (
    "From:",
    "From header",
    "From headers",
    "header From",
    "From field",
    "From line",
    "From' header",
    "RFC compliant",
    "non-compliant",
    "Blank From",
)
# Filters that mean the address for answers by it: From, Reply-To or MAIL FROM.
_RETURN: Final = ("return address", "return email", "return e-mail", "return domain", "return path", "return-path")
_FORM: Final = ("syntax", "malformed", "formed", "illegal")
# Refusals that name the From header as the place of a domain, not for its form.
_OTHERWISE: Final = {"spf", "dkim", "dmarc", "spam", "listed", "entry", "malware"}


@cause(
    id="protocol.header.from-invalid",
    act="sender",
    says=(
        *_MISSING,
        *_SEVERAL,
        *_MALFORMED,
        "5.1.20",
        "5.7.512",
        *_ENVELOPE,
        "Unknown sender address",
        *_NOUNS,
        *_RETURN,
        *UNKNOWN_SENDER,
    ),
    against={
        "5.1.0 Sender denied": "looks the sender up in a list; a malformed From header is refused in other words",
    },
)
def assess(said: Said, _headers: Headers | None, headers: tuple[Headers, ...]) -> Finding | None:
    """Each reply names its own variant."""
    if said.signature in _NOUNS and ("from-header" not in topics(said) or topics(said) & _OTHERWISE):
        return None
    if said.signature in UNKNOWN_SENDER:
        return _inside_name(said)
    low = said.text.lower()
    if said.signature in _RETURN:
        return _returned(said, low)
    who = said.by or "The receiving server"
    shown = next((each.get("From") for each in headers if each.told("From")), "")
    seen = f" (From: {shown[:120]})" if shown else ""
    missing, several = (any(each.lower() in low for each in words) for words in (_MISSING, _SEVERAL))
    if missing or "5.7.512" in low:
        because = f"{who} found no valid From header in the message{seen}: it is missing, empty or malformed."
    elif several or "5.1.20" in low:
        because = f"{who} found several addresses, or several lines, in the From header{seen}."
    elif any(each.lower() in low for each in _ENVELOPE):
        because = f"{who} refused the envelope sender (MAIL FROM): it is no valid address."
    elif any(each.lower() in low for each in _MALFORMED):
        because = (
            f"{who} found the headers of the message malformed (RFC 5322): From missing, doubled or invalid, mostly."
        )
    elif said.signature in _NOUNS:
        because = f"{who} finds fault with the From header of the message{seen}: it is missing, doubled or malformed."
    else:
        because = f"{who} does not accept the sender address of the message; its form is one reason."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.0)
    return Finding(Belief.CONFIRMED if missing or several else Belief.LIKELY, because, (said,), _steps(), weight=1.2)


def _inside_name(said: Said) -> Finding | None:
    """A program that was told no sender makes one from the name of its machine, which nobody outside can look up."""
    name = sender_domain(said.text)
    if not is_private(name):
        return None
    because = f"`{name}` is a name for the inside of a network, which {said.by or 'the receiver'} can't look up: the program, or "
    because += "what rewrites its addresses, sends as an address that nobody could answer."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(), weight=1.8)


def _returned(said: Said, low: str) -> Finding | None:
    """An address for answers that is none by its form; where only "invalid" is said, its domain can be meant."""
    about = topics(said)
    if "return-address" not in about or about & _OTHERWISE:
        return None
    because = f"{said.by or 'The receiving server'} finds that the return address of the message (From, Reply-To or MAIL FROM) "
    because += "is no valid address: blanks, a missing domain or a name without quotes in it, mostly."
    belief = Belief.LIKELY if any(each in low for each in _FORM) else Belief.POSSIBLE
    return Finding(belief, because, (said,), _steps(), weight=1.3)


def _steps() -> tuple[Step, ...]:
    return (
        advise(
            "Look at the source of one refused message, as the application wrote it: exactly one From header, its "
            "address in angle brackets and with a domain, such as `From: Scanner <scanner@contoso.com>`."
        ),
        advise(
            "Correct it in the application: set the sender address in its settings, quote display names that hold "
            "commas or `@`, and add a Sender header if several authors are meant. MAIL FROM takes the bare address, or `<>`."
        ),
        look(
            "On-premises, the protocol log shows MAIL FROM as it was sent.",
            "Get-ChildItem (Join-Path $env:ExchangeInstallPath 'TransportRoles\\Logs\\FrontEnd\\ProtocolLog\\SmtpReceive') | "
            "Sort-Object LastWriteTime | Select-Object -Last 1 | "
            "Get-Content | Select-String 'MAIL FROM' | Select-Object -Last 20",
            "powershell",
        ),
    )
