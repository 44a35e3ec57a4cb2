"""The other organization refuses the message by a policy of its own.

## What is happening
The receiving server answered with a local decision, about sender, content or origin, and doesn't say more. Exchange Online
reports such a reply, when it fits no number of its own, as `550 5.0.350`. Nothing on the sending side is shown to be
wrong: only the recipient's postmaster can say which rule acted.

Telekom (t-online.de) takes mail only from addresses that it knows. A new one, or one that was silent for a year, gets
`None/bad reputation … (NOWL)`, one that looks like a customer's line `Dialup/transient IP not allowed … (DIAL)`, and one on
its own block list `A problem occurred … (BL)`, each with the address at rx.t-online.de that resets it. It asks for a fixed
address, a host name in the sender's own domain that leads back, and an imprint on a page beneath that name.

## What proves it
- the whole reply names a server of the other organization, and mail to other domains passes

## Not this when
- the reply names its reason: a public block list, SPF, DMARC, spam, size or TLS. A reputation that is too low for it, or a DKIM
  signature that it asks for, are measures of the receiver's own, so its postmaster can except a sender from them
- other receivers refuse the same mail meanwhile, and name theirs: a block list, spam
- a server of the own organization gave it (`policy.transport-rule.reject`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-550-5-0-350-in-exchange-online
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-550-5-7-1-in-exchange-online
- https://postmaster.t-online.de/index.en.html
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, look, shown
from diagnostics.causes.connector.relay import CLIENT_REFUSED
from diagnostics.causes.policy.authenticated_senders_only import RESTRICTED
from diagnostics.causes.policy.said import refusal
from diagnostics.causes.quota_throttle.remote_greylisting import INTENTIONAL
from diagnostics.causes.recipient.steps import advise
from diagnostics.causes.reputation.addresses import blamed, named
from diagnostics.causes.reputation.lists import of_microsoft
from diagnostics.codes.structure import COMPONENTS
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Tracked
from diagnostics.patterns import linear
from diagnostics.refusals import topics, topics_of
from diagnostics.report import Step
from diagnostics.seen import by_own_log

# Words with which a server gives the reason; then that reason is the cause.
_REASON: Final = linear(
    r"(?i)\b(?:spf|dkim|dmarc|unauthenticated|spam|spamhaus|block ?list|black ?list|dnsbl|rbl|reputation|listed|too large|"
    r"size|header|x-dg-ref|virus|malware|complaints?|your ip address|does not exist|unknown|not found|full|quota|tls|starttls|"
    r"ptr|reverse|greylist)"
)
_POLICY: Final = (
    "local policy",
    "policy reasons",
    "our policy",
    "policy violation",
    "denied by policy",
    "security polic",
    "organizational settings",
    "administrative prohibition",
    "sender address rejected: access denied",
)


# Nouns under which servers refuse by a rule of their own; what became of the message has to stand beside them.
_NAMES: Final = ("policy", "policies", "security reasons", "polic")
_POLICIES: Final = linear(r"(?i)\bpolic(?:y|ies)\b")
_REFUSED: Final = (
    r"reject|refus|bounced|den(?:y|ied)|block|prohibit|violat"
    r"|(?:not|n.t) (?:accept|permit|allow)|disallow|against|failed"
)
_BY_POLICY: Final = linear(
    rf"(?i)(?:{_REFUSED}).{{0,60}}\bpolic(?:y|ies)\b|\bpolic(?:y|ies)\b.{{0,40}}(?:{_REFUSED})"
    rf"|(?:{_REFUSED}).{{0,30}}security reasons"
    r"|^\W{0,3}5\d\d[ -](?:5\.7\.\d{1,3} )?(?:\w{1,20} )?polic(?:y|ies)(?: reasons?| restrictions?)?\W*$"  # and nothing else
)
# Networks that a receiver lets in by another way only, by a list of its own.
_RANGES: Final = tuple(
    f"not {verb} from {whose} {what}"
    for verb in ("allowed", "accepted", "permitted")
    for whose in ("this", "your")
    for what in ("range", "ip range", "network range", "address range")
)
_WORKSPACE: Final = "gcdp"  # in the number that Gmail gives a reply: a rule of the recipient's own administrators
BARRACUDA: Final = "permanent failure for one or more recipients"
# By what a receiver measures as it likes: no standard says how good a reputation has to be, or that mail has to bear a signature.
_MEASURES: Final = {"reputation": "listed", "senderscore": "listed", "sender score": "listed", "DKIM": "dkim"}
_PUBLIC: Final = linear(
    r"(?i)spamhaus|spamcop|uceprotect|\bsorbs\b|\bsurbl\b|gsmtp|google|yahoo|\[tss\d|icloud|apple\.com"
)
# A rule that somebody wrote, and not a scanner's finding.
_RULES: Final = ("by company rule", "by company rules", "by corporate rule", "by corporate rules", "company rule")
_TELEKOM: Final = ("rx.t-online.de", "Dialup/transient IP not allowed")
_RESET: Final = linear(r"(?i)\b[a-z0-9.-]{1,40}@rx\.t-online\.de\b")
_BY_RULE: Final = "transport.rules.rejectmessage"
# Exchange's own refusals have causes of their own.
_OWN_WORDS: Final = linear(rf"\b(?:{COMPONENTS}|Resolver)\.[A-Z]|\bSTOREDRV;|\bTRA: |\bAS\(?\d{{3}}")


@cause(
    id="policy.remote.rejected",
    act="recipient-side",
    says=(
        "rejected due to local policy",
        "rejected for policy reasons",
        "Sender address rejected",
        "Sender verify failed",
        "Administrative prohibition",
        "security policies",
        "policy violation",
        "denied by policy",
        "not accepted for policy reasons",
        "rejected by destination domain",
        *_RANGES,
        "organizational settings",
        "rejected by our policy",
        "5.0.350",
        "not allowed to send mail on behalf of",
        "not allowed to send email on behalf of",
        "not authorized to send mail on behalf of",
        CLIENT_REFUSED,
        _WORKSPACE,
        BARRACUDA,
        *_TELEKOM,
        *_MEASURES,
        *_RULES,
        *_NAMES,
    ),
    against={
        "disallowed this secure domain": "is said by the own server, which asks for mutual TLS; the other side refused nothing",
    },
)
def assess(said: Said, replies: tuple[Reply, ...], entries: tuple[Tracked, ...]) -> Finding | None:
    """What is left when the reply gives no reason that can be looked into."""
    if RESTRICTED in said.text or "5.7.9 " in said.text or "(as345)" in said.text.lower():
        return None  # Exchange's own words, Yahoo's for an unauthenticated sender, Exchange Online's for nested attachments
    if said.signature in _MARKS:
        return _marked(said, replies)
    reason = None if said.signature in _RANGES else _REASON.search(said.text)
    about = topics(said) - {"turned-away"} - ({"no-user"} if "sender" in said.text.lower() else set())
    if INTENTIONAL.lower() in said.text.lower() and said.text[:1] == "4":
        return None  # a greylist's
    if said.signature == "polic" and _POLICIES.search(said.text):
        return None  # the whole word is an anchor of its own
    if said.signature in _NAMES and (reason or about or not _by_policy(said)):
        return None
    if reason or about:
        because = "The reply gives its reason itself"
        because += f": it speaks of `{reason.group(0)}`." if reason else "."
        return Finding(Belief.RULED_OUT, because, (said,))
    refused = refusal(said, replies)
    named_elsewhere = _with_reason(said, replies)
    own = next((each for each in entries if _by_own_rule(each, refused.recipient)), None)
    if own:
        because = "The Transport Rule Agent of this organization rejected the message: no other one refused it."
        return Finding(Belief.RULED_OUT, because, (own,))
    because = f"{refused.where} refused the message to {refused.whom} by a policy of its own (`{said.signature}`), and gives no "
    because += "reason that the sending side could mend. Its postmaster can say which rule acted."
    named = any(words in said.text.lower() for words in _POLICY) or _by_policy(said)
    if named_elsewhere:
        because += " Another receiver names its reason; this one can mean the same."
    belief = Belief.LIKELY if named and named_elsewhere is None else Belief.POSSIBLE
    weight = 1.2 if said.signature == "5.0.350" else 1.3
    evidence = (said, named_elsewhere)
    return Finding(belief, because, evidence, _steps(refused.recipient, refused.by), weight=weight)


@shown
def own_rule(replies: tuple[Reply, ...]) -> Finding | None:
    """What the trace or the log of the own organization, sent afterwards, names: a rule of its own, and no other server."""
    later = [each for each in replies if each.source.paste and each.failing]
    by_rule = [each for each in later if _BY_RULE in each.whole.lower() and not (each.by or each.host)]
    if not by_rule or len(by_rule) < len(later):
        return None
    because = "A mail flow rule of this organization rejected the message, as its own trace or log says: no other one refused it."
    return Finding(Belief.RULED_OUT, because, (by_rule[0],))


_MARKS: Final = frozenset({*_TELEKOM, CLIENT_REFUSED, _WORKSPACE, BARRACUDA, *_MEASURES, *_RULES})


def _marked(said: Said, replies: tuple[Reply, ...]) -> Finding | None:
    """Words that tell by themselves whose rule it was."""
    if said.signature in _TELEKOM:
        return _by_telekom(said)
    if said.signature == CLIENT_REFUSED:
        return _by_table(said, replies)
    if said.signature in (_WORKSPACE, BARRACUDA):
        return _by_administrators(said, replies)
    return _by_measure(said, replies)


def _by_measure(said: Said, replies: tuple[Reply, ...]) -> Finding | None:
    """The reason is told, and it is the receiver's own choice to refuse for it: others take the same mail."""
    ours = said.kind in ("event", "command", "stray") or by_own_log(said) or bool(_OWN_WORDS.search(said.text))
    topic = _MEASURES.get(said.signature, "")
    if (
        ours
        or of_microsoft(said.text)
        or _PUBLIC.search(f"{said.by} {said.text}")
        or (topic and topic not in topics(said))
    ):
        return None
    refused = refusal(said, replies)
    because = (
        f"{refused.where} refuses by a rule of its own (`{said.signature}`), which other receivers don't have: besides "
    )
    because += "mending what it names, its postmaster can except the sender."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(refused.recipient, refused.by), weight=1.0)


def _with_reason(said: Said, replies: tuple[Reply, ...]) -> Reply | None:
    """Another refusal, pasted beside this one, that speaks of a block list or of spam: what the sending side is known for meets
    receivers who don't say so, too."""
    here = [each for each in replies if each.failing and each.source.paste == said.source.paste]
    others = (each for each in here if each.source != said.source and each.whole != said.text)
    return next((each for each in others if topics_of(each.whole) & {"listed", "spam"}), None)


def _by_table(said: Said, replies: tuple[Reply, ...]) -> Finding | None:
    """A table of the receiving server names the client; one that turns away whoever did not log on says the same."""
    if by_own_log(said):
        return None
    refused = refusal(said, replies)
    because = (
        f"{refused.where} turns {named(blamed(said.text))} away by a rule of its own (`{CLIENT_REFUSED}`): its name, "
    )
    because += "address or network is in a table there. No public list is meant; other addresses of the same provider may be in "
    because += "it, too."
    reported = said.kind in ("ndr", "dsn", "queue", "trace", "tracking", "log")
    belief = Belief.LIKELY if reported else Belief.POSSIBLE
    return Finding(belief, because, (said,), _steps(refused.recipient, refused.by), weight=1.4)


def _by_administrators(said: Said, replies: tuple[Reply, ...]) -> Finding | None:
    """A service whose form of reply tells that a rule of the recipient's own organization acted, whatever its words are."""
    refused = refusal(said, replies)
    steps = _steps(refused.recipient, refused.by)
    if said.signature == _WORKSPACE:
        if "gsmtp" not in said.text:
            return None
        because = "A rule that the recipient's own administrators made in Google Workspace refused the message (`gcdp` in the "
        because += "number of the reply); the words are theirs."
        return Finding(Belief.LIKELY, because, (said,), steps, weight=1.4)
    if ":blocked)" not in said.text:
        return None
    because = f"Barracuda's service in front of {refused.whom} blocked the message by what the recipient's organization has set "
    because += "there (senders, content or reputation); its message log says which."
    return Finding(Belief.POSSIBLE, because, (said,), steps, weight=1.6)


def _by_telekom(said: Said) -> Finding:
    """A provider that lets in the addresses that it knows; the words name a reputation, and mean its own list."""
    ip = blamed(said.text)
    because = f"Telekom (t-online.de) refuses {named(ip)} by its own list of the addresses that it knows, not by a public block "
    because += (
        "list: new or long silent ones, and those that look like a dial-up line, are let in by its postmaster only."
    )
    found = _RESET.search(said.text)
    to = f"Write to {found.group(0)}" if found else "Write to the address at rx.t-online.de that the refusal names"
    steps = (
        look(
            "Before writing, see that the address has a host name in your own domain, and that the name leads back to it.",
            "Resolve-DnsName {address}; Resolve-DnsName {host} -Type A",
            "powershell",
            address=ip,
            host="",
        ),
        advise("Put an imprint (who runs the server, and how to reach them) on a web page beneath that host name."),
        advise(
            f"{to}: name the address, its host name and that page, and ask for a reset. Until then, send through a relay."
        ),
    )
    return Finding(Belief.LIKELY, because, (said,), steps, weight=1.4)


def _by_policy(said: Said) -> bool:
    """Whether another server's reply says that it refused by a policy."""
    own = said.kind in ("event", "command", "stray") or of_microsoft(said.text) or bool(_OWN_WORDS.search(said.text))
    return not own and bool(_BY_POLICY.search(said.text))


def _by_own_rule(entry: Tracked, recipient: str) -> bool:
    """Whether a mail flow rule of the own organization failed the message to this recipient."""
    by_rule = entry.event.upper() == "FAIL" and "transport rule agent" in entry.context.lower()
    to = {each.casefold() for each in entry.recipients}
    return by_rule and (not recipient or not to or recipient.casefold() in to)


def _steps(recipient: str, by: str) -> tuple[Step, ...]:
    return (
        look(
            "From Exchange Online, read the whole reply of the other server (the id is MessageTraceId of Get-MessageTraceV2).",
            "Get-MessageTraceDetailV2 -MessageTraceId {message_trace_id} -RecipientAddress {recipient} | "
            "Format-List Date,Event,Detail",
            "exchange-online-powershell",
            message_trace_id="",
            recipient=recipient,
        ),
        look(
            "From Exchange Server, read it in the tracking logs of all servers.",
            "Get-TransportService | Get-MessageTrackingLog -EventId FAIL -Recipients {recipient} -ResultSize 20 | "
            "Format-List Timestamp,Sender,Recipients,RecipientStatus",
            recipient=recipient,
        ),
        look(
            f"Send the postmaster of the recipient's domain the whole reply with its time, our sending address and "
            f"{by or 'the server that gave it'}; ask which rule acted.",
            "",
            "portal",
        ),
    )
