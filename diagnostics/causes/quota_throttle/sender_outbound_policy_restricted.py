"""Exchange Online has barred the sender from sending, for spam or for too much mail.

## What is happening
The account passed a limit of the outbound spam policy, or its mail was taken for spam, so Exchange Online put
it on the list of restricted users. Each message ends with `550 5.1.8 Access denied, bad outbound sender`.
The usual reason is a stolen password; a policy with very low limits is the other.

## What proves it
- the text (also `554 5.2.0 STOREDRV.Submission.Exception:OutboundSpamException` to who submits), and
  Get-BlockedSenderAddress lists the account

## Not this when
- the account isn't restricted
- `5.1.8` from a server that can't find the sender's domain in DNS

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-550-5-1-8
- https://learn.microsoft.com/en-us/defender-office-365/outbound-spam-restore-restricted-users
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.quota_throttle.traffic import inbox_rules, sent_by
from diagnostics.causes.quota_throttle.words import has
from diagnostics.causes.recipient.lookup import by_microsoft
from diagnostics.causes.recipient.steps import EXO, advise
from diagnostics.facts import Said
from diagnostics.mail_facts import Configured
from diagnostics.report import Step

_VERDICT: Final = "WASCL UserAction verdict"  # also of private accounts, which are on no list
_BANNED: Final = "5.7.501"
_OUTBOUND: Final = ("as(4200", "outboundspamlast", "outboundspamexception", "recognized as a valid sender")


@cause(
    id="quota-throttle.sender.outbound-policy-restricted",
    act="exchange-online",
    says=(
        "bad outbound sender",
        "AS(42003)",
        "AS(42004)",
        "550 5.1.8",
        "OutboundSpamLast24Hours",
        "OutboundSpamException",
        _VERDICT,
        "recognized as a valid sender",
        _BANNED,
    ),
    against={
        "reached your daily limit for message recipients": (
            "counts a day's recipients; a restricted sender is called `bad outbound sender`"
        ),
    },
)
def assess(anchor: Said | Configured, objects: tuple[Configured, ...]) -> Finding | None:
    """The words name it; the list of restricted users names the account."""
    barred = next((each for each in objects if _listed(each)), None)
    sender = barred.get("SenderAddress") if barred else ""
    who = f"`{sender}`" if sender else "The sending account"
    because = f"{who} is on Exchange Online's list of restricted users, so nothing it sends leaves."
    if isinstance(anchor, Configured):
        return Finding(Belief.CONFIRMED, because, (anchor,), _steps(sender)) if anchor is barred else None
    if has(anchor, "bad outbound sender") or barred:
        return Finding(Belief.CONFIRMED, because, (anchor, barred), _steps(sender), weight=1.0)
    nobody = next(
        (each for each in objects if each.kind == "blocked-sender-address" and each.get("Count") == "0"), None
    )
    if nobody:
        return Finding(Belief.RULED_OUT, "Exchange Online's list of restricted users is empty.", (nobody,))
    if has(anchor, "smtpsend.utf8"):
        because = "The token says that an address has letters outside ASCII; no account is barred from sending."
        return Finding(Belief.RULED_OUT, because, (anchor,))
    if has(anchor, "domain of sender", "does not exist", "not found", "resolve"):
        because = "Another system could not find the sender's domain in DNS; no account is barred from sending."
        return Finding(Belief.RULED_OUT, because, (anchor,))
    if anchor.signature == _BANNED:
        because = "Exchange Online took what the account sent for abuse; an account like that is often on its list of restricted "
        because += "users, too."
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps(""), weight=0.95)
    if anchor.signature == _VERDICT and not by_microsoft(anchor) and not has(anchor, *_OUTBOUND):
        because = "If the account is one of a tenant, Exchange Online has put it on the list of restricted users."
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps(""), weight=1.2)
    belief = Belief.LIKELY if by_microsoft(anchor) or has(anchor, *_OUTBOUND) else Belief.POSSIBLE
    return Finding(belief, because, (anchor,), _steps(""), weight=1.6)


def _listed(entry: Configured) -> bool:
    return entry.kind == "blocked-sender-address" and "@" in entry.get("SenderAddress")


def _steps(sender: str) -> tuple[Step, ...]:
    return (
        look(
            "See the restriction and its reason.",
            "Get-BlockedSenderAddress -SenderAddress {sender} | Format-List",
            EXO,
            sender=sender,
        ),
        sent_by(sender),
        inbox_rules(sender),
        look(
            "See the limits of the outbound spam policies.",
            "Get-HostedOutboundSpamFilterPolicy | Format-List Name,RecipientLimit*,ActionWhenThresholdReached",
            EXO,
        ),
        advise(
            "If the traffic is not the user's: reset the password, revoke the sessions, switch on multifactor "
            "authentication and delete foreign inbox rules before the next step."
        ),
        change(
            "Only when the account is in its owner's hands again, lift the restriction.",
            "Remove-BlockedSenderAddress -SenderAddress {sender}",
            shell=EXO,
            changes="The account may send again, within an hour as a rule; the number of releases is limited.",
            undo="None needed: an account that goes on sending spam is barred again by itself.",
            verify="Get-BlockedSenderAddress no longer lists it, and a message leaves.",
            sender=sender,
        ),
    )
