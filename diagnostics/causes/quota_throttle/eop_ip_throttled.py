"""Exchange Online throttles the sending address, because it is new or sends unlike before.

## What is happening
Exchange Online Protection has no or a bad history of the connecting address, or sees it send much more than
usual, and defers part of its mail: `451 4.7.500 Server busy. Please try again later from [address]`,
`4.7.500` to `4.7.699` and `4.7.850` to `4.7.899 Access denied, please try again later`, and even `452 4.5.3 Too
many recipients (AS780090)`. It passes as the address builds a history, mostly within an hour to some days.

## What proves it
- the number, said by a server of Microsoft; the address or its volume changed not long ago

## Not this when
- the queues to Exchange Online wait for another error
- `4.7.650` and (S775): Outlook.com's own limits (`reputation.ip.consumer-outlook`)
- `4.7.230`: an outdated Exchange server is throttled (`policy.enforcement.exchange-out-of-date`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-451-4-7-500-699-asxxx-in-exchange-online
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.network.queues import held_otherwise, to_microsoft
from diagnostics.causes.recipient.steps import EXO, advise
from diagnostics.causes.reputation.addresses import blamed, named
from diagnostics.facts import QueueState, Reply
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.report import Step
from diagnostics.text import short

_NUMBER = linear(r"(?:^|[^\d.])4\.7\.(?:[56]\d\d|8[5-9]\d)(?:$|[^\d.]|\.(?:\D|$))")
_ALONE = linear(r"(?i)\bAS\W?(?:780090|77712\d{1,4}|77713|77714)\b|\(S7771\d\)")
_BUSY = linear(r"(?i)server busy\. please try again later from|access denied, please try again later")
# Of consumer Outlook.com
_OUTLOOK = linear(
    r"(?i)\bS775\b|\bS31\d\d\b|rate limited due to IP reputation|exceeded the maximum number of connections|4\.7\.65[0-2]"
)


@cause(
    id="quota-throttle.eop.ip-throttled",
    act="sender",
    against={
        "rate limited due to IP reputation": "is consumer Outlook.com's limit; Exchange Online says `Server busy`",
    },
)
def assess(reply: Reply | Configured) -> Finding | None:
    """A range of numbers that only Microsoft uses, or one of the throttle's own marks."""
    if isinstance(reply, Configured):
        return _late(reply)
    text = reply.whole
    busy, number = _BUSY.search(text), _NUMBER.search(text)
    if not reply.failing or not _throttles(reply):
        return None
    ip = blamed(text)
    because = f"Exchange Online holds mail from {named(ip)} back, because the address is new to it or sends more than "
    because += "its history lets expect; the messages stay in the sender's queue and are tried again."
    belief = Belief.CONFIRMED if busy and number else Belief.LIKELY
    return Finding(belief, because, (reply,), _steps(ip), weight=1.2)


def _throttles(reply: Reply) -> bool:
    text = reply.whole
    return not _OUTLOOK.search(text) and bool(_NUMBER.search(text) or _BUSY.search(text) or _ALONE.search(text))


@shown
def queue(queues: tuple[QueueState, ...], replies: tuple[Reply, ...]) -> Finding | None:
    """What is put off waits with the number of the throttle as its last error."""
    other = held_otherwise(queues, replies, to_microsoft, _throttles)
    because = (
        f"What waits for Exchange Online was not put off: its last error is `{short(other.text)}`." if other else ""
    )
    return Finding(Belief.RULED_OUT, because, (other,)) if other else None


def _late(told: Configured) -> Finding | None:
    """Mail from a new address that arrives hours late; the receiving side shows nothing of what it put off."""
    if told.kind != "told-late":
        return None
    because = "Mail from your new address reaches Exchange Online hours late. A message trace begins only when the "
    because += "message was taken in, so the delay lies before it: the sending server's log or queue shows whether it "
    because += "was put off with 451 4.7.5xx, as new addresses are."
    first = advise(
        "Look into the sending system's own log or queue for the hours between: the replies it got there name the reason. The "
        "Received headers of a late message show the hop that waited."
    )
    return Finding(Belief.POSSIBLE, because, (told,), (first, *_steps("")), weight=1.6)


def _steps(ip: str) -> tuple[Step, ...]:
    return (
        advise(
            "Wait and let the queue retry: it mostly clears within an hour. Keep the volume even, and warm a new address "
            "up gradually."
        ),
        look(
            "If the address is your own server's and sends to your own tenant, see whether an inbound connector knows it.",
            "Get-InboundConnector | Format-List Name,ConnectorType,SenderIPAddresses,TlsSenderCertificateName",
            EXO,
        ),
        change(
            "If none does, create one: mail of your own server is then attributed to your tenant.",
            "New-InboundConnector -Name 'From on-premises' -ConnectorType OnPremises -SenderDomains '*' "
            "-SenderIPAddresses {address} -RequireTls $true",
            shell=EXO,
            changes="Sessions from this address count as your organization's, and must use TLS.",
            undo="Remove-InboundConnector 'From on-premises'",
            verify="The queue drains, and no new 4.7.5xx appears.",
            address=ip,
        ),
        advise(
            "If it lasts longer than a day, and volume and SPF are in order, ask Microsoft support about the address."
        ),
    )
