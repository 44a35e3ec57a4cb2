"""The filter in front accepts mail for any address, and the mailbox system has to bounce it.

## What is happening
The domain's MX is a filter or relay that takes every local part and passes it on. Exchange refuses the
invented ones, and the filter (or Exchange) must then write a report to a sender that is mostly forged: piles
of reports for people who never existed. The refusal is right; recipient checking in front is missing.
Creating the mailboxes would be wrong.

## What proves it
- many reports for addresses that nobody ever had, mostly answers to spam
- the filter answers 250 to RCPT TO with an invented address

## Not this when
- the MX leads straight to Exchange or Exchange Online
- the refused address is one that people really use

## References
- https://learn.microsoft.com/en-us/exchange/antispam-and-antimalware/antispam-protection/recipient-filtering
- https://learn.microsoft.com/en-us/exchange/mail-flow-best-practices/use-directory-based-edge-blocking
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, look
from diagnostics.causes.recipient.edge_blocking import edge_blocked
from diagnostics.causes.recipient.lookup import addresses, directory_says_no, domain, passed_on
from diagnostics.causes.recipient.steps import advise
from diagnostics.facts import Reply, Said
from diagnostics.report import Step

_MANY: Final = 3  # different addresses of one domain: a person's typing errors don't come in such a number
_WORDS: Final = ("recipient address rejected", "recipnotfound", "recipientnotfound", "not found by smtp address lookup")


@cause(
    id="recipient.gateway.no-recipient-validation",
    act="on-prem",
    says=(
        "RESOLVER.ADR.RecipientNotFound",
        "RESOLVER.ADR.RecipNotFound",
        "Recipient address rejected: Access denied",
        "not found by SMTP address lookup",
    ),
)
def assess(said: Said, replies: tuple[Reply, ...]) -> Finding | None:
    """Several unknown addresses of one domain at once speak for it; one refusal only allows it."""
    if passed_on(said) or not (edge_blocked(said) or directory_says_no(said)):
        return None
    name = domain(next(iter(addresses(said, replies)), ""))
    refused = {r.recipient.lower() for r in replies if name and domain(r.recipient) == name and _unknown(r)}
    if len(refused) >= _MANY:
        some = ", ".join(f"`{each}`" for each in sorted(refused)[:3])
        because = (
            f"{len(refused)} unknown addresses of {name} were refused ({some}): if nobody ever had "
            "them, what stands in front "
        )
        because += "takes mail for any address and leaves the bouncing to Exchange."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(name), weight=1.9)
    because = (
        "If nobody ever had this address and such reports pile up, a filter in front accepts mail "
        "without checking the recipient."
    )
    return Finding(Belief.POSSIBLE, because, (said,), _steps(name), weight=0.85)


def _unknown(reply: Reply) -> bool:
    return any(words in reply.whole.lower() for words in _WORDS)


def _steps(name: str) -> tuple[Step, ...]:
    return (
        look(
            "See whether the domain's MX is a filter rather than Exchange itself.",
            "Resolve-DnsName {domain} -Type MX | Format-Table Name,Preference,NameExchange",
            "powershell",
            domain=name,
        ),
        advise(
            "Ask the MX host by hand (telnet to port 25, RCPT TO with an invented address): 250 means "
            "that it does not check recipients."
        ),
        advise(
            "In the filter, load the list of valid recipients (directory sync) and reject mail to "
            "addresses that are not listed at RCPT TO."
        ),
        look(
            "Where an Exchange server with anti-spam agents is the first hop, see its own recipient validation.",
            "Get-RecipientFilterConfig | Format-List Enabled,RecipientValidationEnabled",
        ),
    )
