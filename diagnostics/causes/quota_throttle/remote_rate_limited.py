"""The receiving provider lets in only so much mail from this address or domain.

## What is happening
A large provider counts messages, connections or complaints for the sending address or domain and defers what
is above its limit: Gmail `421-4.7.28 … unusual rate of mail`, Yahoo `421 4.7.0 [TSS04] … unexpected volume or
user complaints`, Outlook.com `421 RP-001`. The limit depends on the sender's reputation and drops when
authentication is missing or users complain.

## What proves it
- the provider's own mark; the volume toward it rose

## Not this when
- one message in a while meets it: then it is greylisting or a block (`quota-throttle.remote.greylisting`,
  `reputation.ip.dnsbl-listed`)
- `4.7.650` (S775) of Outlook.com (`reputation.ip.consumer-outlook`)

## References
- https://support.google.com/a/answer/81126
- https://senders.yahooinc.com/smtp-error-codes/
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, look
from diagnostics.causes.network.providers import CUT, lost_by_the_cloud
from diagnostics.causes.quota_throttle.words import has
from diagnostics.causes.recipient.lookup import by_microsoft
from diagnostics.causes.recipient.steps import advise
from diagnostics.causes.reputation.addresses import blamed, named
from diagnostics.causes.reputation.lists import of_microsoft
from diagnostics.causes.stories import told_as
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Configured, Told
from diagnostics.patterns import linear
from diagnostics.refusals import topics
from diagnostics.report import Step
from diagnostics.text import squeezed

_SLOWED: Final = (
    "One provider puts off most of a mailing while all others take it, as you tell it: it lets in only so much at a time from an "
    "address or a domain, less the less it knows of it."
)
_SURE: Final = (
    "unusual rate of",
    "tss04",
    "unexpected volume or user complaints",
    "deferred due to unexpected volume",
    "rp-001",
    "how many messages can be sent per hour",
    "too many messages from your ip",
    "too many concurrent smtp connections from",  # without "from …" Exim counts everybody's
    "too many connections from your",
    "connections, slow down",
    "too much mail from",
    "too many messages from",
    "rate limit exceeded",
    "sending rate exceeded",
    "message quota exceeded",
    "connection limit",
)
# A limit within a time, in whoever's words: refusals.toml tells whether it is what the mail was refused for.
_TIMES: Final = (
    "this hour",
    "per hour",
    "an hour",
    "hourly",
    "per minute",
    "last minute",
    "per day",
    "daily",
    "this day",
    "quota exceeded",
)
# Too many at once, in whoever's words.
_NAMES: Final = (
    "too many",
    "too much",
    "slow down",
    "rate limit",
    "ratelimit",
    "rate",
    "frequency",
    "excessive",
    "high volume",
    "too fast",
    "too quickly",
    "number of",
    "slower",
    "threshold",
    "thread limit",
    "message limit",
    "throttled",
    "throttling",
    "limit per ip",
    "zu viele",
    "trop de",
    "demasiad",
)
# Exchange's own limits, and what is held back for another reason than its amount.
_OTHERS: Final = (
    "storedrv.",
    "submission rate",
    "reputation",
    "exchange",
    "tenant",
    "sender throttled",
    "authenticat",
    "messages on the server",
    "rate limited because",  # Gmail's sentence for a sender that is not authenticated, or does not encrypt
)
_YOURS = linear(
    r"(?i)\b(?:from|for|by) (?:your|this) (?:ip|host|server|address|network)|\byour (?:ip|host|server)\b|per ip\b"
)
# "mail from your address has been temporarily rate limited": what was done, whatever the reason that stands before it. A reply of
# several lines repeats its code in between.
_DONE = linear(r"(?i)\b(?:is|are|was|were|been|being) (?:\S+ ){0,3}(?:rate[- ]?limited|throttled)\b")
# To an unknown sender, or to one that came too often: most servers say no more than that.
_LATER: Final = ("4.7.1 Please try again later", "4.7.1 Try again later")
_POSTMASTERS: Final = (
    (("gmail", "google", "gsmtp"), "Google Postmaster Tools"),
    (("tss0", "yahoo"), "the Yahoo Sender Hub"),
    (("rp-001", "outlook", "hotmail"), "Outlook.com's SNDS"),
)
_PAGES: Final = "the provider's postmaster pages"


@cause(
    id="quota-throttle.remote.rate-limited",
    act="sender",
    says=(
        "4.7.28",
        "5.7.28",
        "unusual rate of",
        "TSS04",
        "unexpected volume or user complaints",
        "temporarily deferred due to unexpected volume",
        "deferred due to user complaints",
        "RP-001",
        "limits for how many messages can be sent per hour",
        "too many messages from your IP",
        "Too many concurrent SMTP connections from",
        "Too many connections from your",
        "connections, slow down",
        "too much mail from",
        "too many messages from",
        "Connection rate limit exceeded",
        "Rate limit exceeded for",
        "sending rate exceeded",
        "daily message quota exceeded",
        "exceeds per-domain connection limit",
        "4.7.0 Try again later, closing connection",
        *_TIMES,
        *_NAMES,
        CUT,
        *_LATER,
    ),
    against={
        "rate limited due to IP reputation": "comes from Outlook.com's view of the address, not from a rate",
    },
)
def assess(said: Said | Configured | Told, replies: tuple[Reply, ...]) -> Finding | None:
    """The provider's own mark names it; Gmail's `try again later` only hints at it, and a session that it ends does less."""
    if isinstance(said, Told):
        return told_as("one-provider-slows-the-many", said, _SLOWED, _steps(""), weight=1.5)
    if isinstance(said, Configured):
        return _after_many(said, replies)
    if said.signature == CUT:
        return _hung_up(said) if lost_by_the_cloud(said, replies) else None
    if has(said, "s775", "due to ip reputation"):
        return None
    timed = said.signature in _TIMES
    if timed and ("rate" not in topics(said) or by_microsoft(said) or has(said, "smtpsendasdenied", "storedrv.")):
        return None
    told = said.signature in _NAMES
    if told and not _too_fast(said):
        return None
    ip = blamed(said.text)
    if said.signature in _LATER:
        if by_microsoft(said) or of_microsoft(said.text):
            return None
        who = said.by or "the receiving server"
        because = f"If the same mail is put off for hours, {who} lets in only so much from {named(ip)}."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(_tool(said)), weight=0.9)
    because = (
        f"{said.by or 'The receiving provider'} takes mail from {named(ip)} only up to a rate, which has been passed"
    )
    because += "; what is above it is deferred and tried again."
    if has(said, *_SURE):
        return Finding(Belief.CONFIRMED, because, (said,), _steps(_tool(said)))
    if has(said, "7.28", "user complaints") or told or (timed and (said.by or _YOURS.search(said.text))):
        return Finding(Belief.LIKELY, because, (said,), _steps(_tool(said)), weight=1.0)
    return Finding(Belief.POSSIBLE, because, (said,), _steps(_tool(said)), weight=1.5)


def _after_many(told: Configured, replies: tuple[Reply, ...]) -> Finding | None:
    """A run that goes well at first and is then refused."""
    refused = (
        next((each for each in replies if each.failing or each.code), None) if told.kind == "told-after-many" else None
    )
    if refused is None:
        return None
    because = "The refusal comes after a number of messages that were taken, as you say: the server that takes them allows so "
    because += "many in a time, or in one session."
    return Finding(Belief.POSSIBLE, because, (refused, told), _steps(_PAGES), weight=1.9)


def _hung_up(said: Said) -> Finding:
    because = (
        f"{said.by} broke the session with Exchange Online off without a word; if few recipients at once get through "
    )
    because += "and many don't, it is a limit."
    tool = next((name for words, name in _POSTMASTERS if any(each in said.by.lower() for each in words)), _PAGES)
    return Finding(Belief.POSSIBLE, because, (said,), _slower(tool), weight=1.1)


def _too_fast(said: Said) -> bool:
    """Whether another system's server says that it was too much at once."""
    done = bool(_DONE.search(squeezed(said.text)))
    others = [each for each in _OTHERS if not (done and each == "reputation")]
    ours = by_microsoft(said) or of_microsoft(said.text) or has(said, *others)
    about = topics(said)
    return not ours and "fast" in about and not about & {"spf", "dkim", "dmarc"}


def _tool(said: Said) -> str:
    return next((name for words, name in _POSTMASTERS if has(said, *words)), _PAGES)


def _steps(tool: str) -> tuple[Step, ...]:
    return (
        look(
            "See how much waits, and for which provider.",
            "Get-Queue -SortOrder '-MessageCount' -ResultSize 10 | "
            "Format-Table NextHopDomain,Status,MessageCount,LastError",
        ),
        *_slower(tool),
    )


def _slower(tool: str) -> tuple[Step, ...]:
    return (
        advise(
            "Send slower: pause bulk mail, spread it over hours, and send it from another address than people's mail."
        ),
        advise(f"Check SPF, DKIM, DMARC and the PTR record of the sending address, and complaint rates in {tool}."),
    )
