"""Microsoft has banned the sending address from its mail services.

## What is happening
The address is on the block list of Exchange Online Protection, because spam came from it (often before its
present owner had it). Every tenant refuses it: `550 5.7.606 Access denied, banned sending IP` (to 5.7.649),
or `550 5.7.511 Access denied, banned sender`, which only Microsoft's staff lifts. Its forerunner, Forefront, said
`blocked using 88.blocklist.zap`, the name of a list that can't be asked from outside.

## What proves it
- the text; the delist portal lists the address

## Not this when
- one recipient organization blocks it (`reputation.ip.customer-block-list`, 5.7.513)
- the refusal names a public list such as Spamhaus (`reputation.ip.dnsbl-listed`)
- Outlook.com's S3140 or S3150 (`reputation.ip.consumer-outlook`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/non-delivery-reports-in-exchange-online
- https://learn.microsoft.com/en-us/defender-office-365/external-senders-use-the-delist-portal-to-unblock-yourself
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause
from diagnostics.causes.recipient.steps import advise
from diagnostics.causes.reputation.addresses import blamed, microsofts, named
from diagnostics.causes.reputation.lists import BY_HAND, LISTS, find_the_source
from diagnostics.facts import Reply
from diagnostics.patterns import linear
from diagnostics.report import Act, Step

_NUMBER = linear(r"(?:^|[^\d.])5\.7\.(?:60[6-9]|6[1-4]\d)(?:$|[^\d.]|\.(?:\D|$))")
_BY_HAND = linear(rf"(?:^|[^\d.])5\.7\.511(?:$|[^\d.]|\.(?:\D|$))|(?i:{BY_HAND})")
_OF_SENDER = linear(
    r"(?:^|[^\d.])5\.7\.(?:50[1-3]|800)(?:$|[^\d.]|\.(?:\D|$))"
)  # numbers that ban an account or a domain
_WORDS = linear(rf"(?i)banned sending IP|sender\.office\.com|{BY_HAND}|{LISTS}")

_RULE = "AS(1430)"  # the filter's rule for addresses


@cause(
    id="reputation.ip.microsoft-banned",
    act="sender",
    against={
        "part of their network is on our block list": (
            "is consumer Outlook.com's list; a ban in Exchange Online says `banned sending IP`"
        ),
        "using Customer Block list": "is the recipient's own list, not Microsoft's",
    },
)
def assess(reply: Reply) -> Finding | None:
    """Numbers that only Microsoft uses for this; 5.7.511 has another way out."""
    text = reply.whole
    ruled = _RULE in text and not _OF_SENDER.search(text)
    words, by_hand = ruled or _WORDS.search(text), _BY_HAND.search(text)
    if not reply.failing or not (words or by_hand or _NUMBER.search(text)):
        return None
    ip = blamed(text)
    act: Act = "microsoft" if microsofts(ip) else "sender"
    because = f"Microsoft's block list holds {named(ip)}, so every Exchange Online tenant refuses mail from it."
    if microsofts(ip):
        because += " The address is Exchange Online's own: only Microsoft can have it removed."
    belief = Belief.CONFIRMED if words else Belief.LIKELY
    return Finding(belief, because, (reply,), _steps(bool(by_hand)), act, weight=1.0)


def _steps(by_hand: bool) -> tuple[Step, ...]:
    ask = (
        "Forward the whole report to delist@microsoft.com and ask for removal; the portal doesn't lift this one."
        if by_hand
        else "Ask for removal at https://sender.office.com with the address and your mail address; it takes up to a day."
    )
    return (find_the_source(), advise(ask))
