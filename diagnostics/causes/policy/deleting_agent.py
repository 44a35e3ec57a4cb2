"""Which transport agent deleted a message: the tracking log names it in SourceContext, the status only says that one did."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from msgspec import Struct

from diagnostics.cause import look
from diagnostics.facts import Said
from diagnostics.mail_facts import Tracked
from diagnostics.patterns import linear
from diagnostics.report import Step

SAYS: Final = ("QUEUE.TransportAgent", "AGENT DROP")  # the status, and the log's two columns
Kind = Literal["", "malware", "spam", "rule", "other"]

# Exchange's interceptor, whose rules an administrator sets: what it drops nobody has judged.
_INTERCEPTED: Final = linear(r"(?i)\bby administrative action\. DROP|\binterceptor\b")
_NAME: Final = linear(r"(?i)^\W{0,3}([A-Z][\w .&'-]{1,60}?(?:Agent|Sink|Filter|Extension|Transport|Protocol))\b")
# Exchange's own agents by what they do, then the usual words of vendors' names.
_KINDS: Final[tuple[tuple[Kind, str], ...]] = (
    ("rule", r"transport rule|dlp policy|\brules?\b|exclaimer|codetwo|signature|disclaimer|archiv|journal"),
    ("spam", r"content filter|spam|sender ?id|sender filter|recipient filter|connection filter|protocol analysis|\borf\b"),
    ("malware", (
     r"malware|virus|scan|mcafee|mctx|symantec|smsmse|kaspersky|\beset\b|sophos|pme12|bitdefender|avira|g ?data|\bfse\b|forefront"
     r"|trend ?micro|mailsecurity|mail security|panda|clam|attachment filter")),
)  # fmt: skip
_WORDS: Final = tuple((kind, linear(rf"(?i){words}")) for kind, words in _KINDS)


class Deletion(Struct, frozen=True):
    """`agent` is the name as written and `kind` what such agents do; both "" where the log wasn't asked for it."""

    agent: str
    kind: Kind
    evidence: tuple[Said | Tracked, ...]

    @property
    def whom(self) -> str:
        entry = next((each for each in self.evidence if isinstance(each, Tracked)), None)
        return f"`{', '.join(entry.recipients[:3])}`" if entry and entry.recipients else "the recipient"


def deletion(anchor: Said | Tracked, entries: Iterable[Tracked]) -> Deletion | None:
    """The deletion that the anchor tells of; None where it tells of something else."""
    text = anchor.text if isinstance(anchor, Said) else f"{anchor.status} {anchor.context}"
    if _INTERCEPTED.search(text):
        return None
    if isinstance(anchor, Said):
        if anchor.signature not in SAYS:
            return None
    elif not anchor.dropped:
        return None
    own = [anchor] if isinstance(anchor, Tracked) else [each for each in entries if each.source == anchor.source]
    # An answer to the question may hold nothing but the column that was asked for.
    later = [
        each for each in entries if not each.event and not each.status and each.source.paste >= anchor.source.paste
    ]
    for each in (*own, *later):
        name = _NAME.search(each.context)
        if name:
            return Deletion(str(name.group(1)), _kind(name.group(1)), (anchor, each))
    return Deletion("", "", (anchor,))


def _kind(agent: str) -> Kind:
    return next((kind for kind, words in _WORDS if words.search(agent)), "other")


def steps(found: Deletion) -> tuple[Step, ...]:
    entry = next((each for each in found.evidence if isinstance(each, Tracked)), None)
    event = "FAIL" if entry and entry.event.upper() == "FAIL" else "DROP"
    named = look(
        f"Ask the tracking log which agent deleted it: SourceContext of the {event} names it.",
        f"Get-MessageTrackingLog -Recipients {{recipient}} -EventId {event} -ResultSize 20 | "
        "Format-List Timestamp,Source,SourceContext,Sender,MessageSubject,RecipientStatus",
        recipient=next(iter(entry.recipients), "") if entry else "",
    )
    agents = look(
        "List the agents: those that are not Microsoft's belong to an anti-virus, archive or signature product.",
        "Get-TransportAgent | Format-Table Identity,Enabled,Priority",
    )
    log = look(
        f"Look for the message in the log and the quarantine of the product that `{found.agent}` belongs to, and release it or "
        "change its rule there." if found.agent else "Then look for the message in that product's own log and quarantine.",
        "",
        "portal",
    )  # fmt: skip
    return (agents, log) if found.agent else (named, agents, log)
