"""The recipient's accept or reject list excludes this sender.

## What is happening
The recipient may be written to by certain people or groups only (AcceptMessagesOnlyFrom…), or not by certain ones
(RejectMessagesFrom…). The sender is authenticated well enough, but not on the list, or the list names a group that
he isn't a member of. Exchange Server says `RESOLVER.RST.NotAuthorized`, Exchange Online 5.7.124 or 5.7.129, and Exchange 5.5 to
2003 `A restriction in the system prevented delivery of the message`. The recipient's owner or organization decides; nothing
is wrong with the sender's server.

## What proves it
- the recipient's accept list has members and the sender is none of them, or the reject list has the sender

## Not this when
- both lists are empty
- the text says that the sender isn't authenticated (`policy.restriction.authenticated-senders-only`)
- a mail flow rule refused (`policy.transport-rule.reject`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-5-7-124-in-exchange-online
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-550-5-7-1-in-exchange-online
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.policy.authenticated_senders_only import PERMISSION, RESTRICTED
from diagnostics.causes.policy.said import Refusal, by_store, of_kind, recipient_settings, refusal, restricted
from diagnostics.causes.reader import acting, told_stranger
from diagnostics.causes.recipient.lookup import by_microsoft, refused_by_server
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Configured, Tracked
from diagnostics.patterns import linear
from diagnostics.refusals import topics
from diagnostics.report import Act, Step

_LISTS: Final = (
    "AcceptMessagesOnlyFromSendersOrMembers",
    "AcceptMessagesOnlyFrom",
    "AcceptMessagesOnlyFromDLMembers",
    "RejectMessagesFromSendersOrMembers",
    "RejectMessagesFrom",
    "RejectMessagesFromDLMembers",
)
# Nouns of lists and gateways that let only certain senders write; refusals.toml reads what is said of them.
_NAMES: Final = (
    "mailing list",
    "discussion list",
    "group",
    "member",
    "non-member",
    "nonmember",
    "subscribed",
    "subscriber",
    "pre-approved",
    "preapproved",
    "only accept",
    "only accepts",
    "only accepting",
    "list of senders",
    "groups.google.com",
    "allowed senders",
    "approved senders",
    "safe list",
)
_REASONS: Final = frozenset(
    {"no-user", "spf", "dkim", "dmarc", "listed", "entry", "spam", "malware", "attachment", "full", "closed", "rate"}
)
_BY_MTA: Final = "reason code restricted-delivery"  # event 290 of the MTA, in Exchange 5.5 to 2003
# The same in its reports, in words, and what it says of a sender who is not on the list.
_OF_MTA: Final = ("A restriction in the system prevented delivery", "originator does not have permission to submit")
_RESTRICTED_ADDRESS: Final = "because delivery to this address is restricted"  # Exchange Online's sentence above 5.7.1
_ON_NO_LIST: Final = "on the recipient's list of senders"  # what the longer form of 5.7.129 goes on with
# Exchange's own sentences and numbers, of causes that are told by them.
_EXCHANGE = linear(r"(?i)\b(?:RESOLVER|APPROVAL|TRANSPORT)\.|\b5\.7\.1\d\d\b|in its organization|allowed senders list")


@cause(
    id="policy.restriction.sender-not-allowed",
    act="on-prem",
    says=(
        "RESOLVER.RST.NotAuthorized",
        "RESOLVER.RST.RestrictedToRecipientsPermission",
        "5.7.124",
        "5.7.129",
        "only accepts messages from people on its allowed senders list",
        RESTRICTED,
        PERMISSION,
        _RESTRICTED_ADDRESS,
        _BY_MTA,
        *_OF_MTA,
        *_NAMES,
    ),
    against={
        "MapiExceptionNotAuthorized": "comes from the store, after the recipient's list of senders let the message pass",
    },
)
def assess(
    said: Said | Configured, replies: tuple[Reply, ...], settings: tuple[Configured, ...], tracked: tuple[Tracked, ...]
) -> Finding | None:
    """The list of the recipient proves it; 5.7.129 is also given for a blocked account."""
    if isinstance(said, Configured):
        return _listed(said, replies, settings)
    refused = refusal(said, replies, settings)
    if said.signature in _NAMES:
        return _in_other_words(said, refused)
    if said.signature == _BY_MTA:
        because = "The message transfer agent made a report because delivery to this recipient is restricted, to certain senders "
        because += "or away from some: the recipient itself, or a list within the list that was written to."
        return Finding(Belief.LIKELY, because, (said,), _steps(refused), refused.act, weight=1.4)
    if said.signature in _OF_MTA:
        return None if refused_by_server(replies) else _restricted(said, refused)
    if said.signature in (PERMISSION, _RESTRICTED_ADDRESS):
        if "public folder" in said.text.lower():
            return None  # the permissions of the folder decide
        because = "The report says that this sender may not write to the recipient: its list of senders may not have this one."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(refused), refused.act, weight=0.95)
    if said.signature == RESTRICTED:
        because = (
            "The recipient may take mail from some senders only; the report says no more than that a policy refused it."
        )
        return Finding(Belief.POSSIBLE, because, (said,), _steps(refused), refused.act, weight=1.6)
    setting = recipient_settings(settings, refused.recipient)
    told = [name for name in _LISTS if setting and setting.told(name)]
    filled = next((name for name in told if setting and setting.items(name)), "")
    because = f"{refused.where} says that this sender may not write to {refused.whom}: "
    steps = _steps(refused)
    if setting and filled:
        because += f"its {filled} has {len(setting.items(filled))} entries, and they decide."
        return Finding(Belief.CONFIRMED, because, (said, setting), steps, refused.act)
    if setting and any(name.startswith("Accept") for name in told) and any(name.startswith("Reject") for name in told):
        return Finding(Belief.RULED_OUT, f"The accept and reject lists of {refused.whom} are empty.", (setting, said))
    if by_store(said, tracked):
        because = "The store refused while it created the item: every list of senders had let the message pass before."
        return Finding(Belief.RULED_OUT, because, (said,))
    because += "an accept or reject list on it decides who may."
    if of_kind(settings, "told-folder"):
        return Finding(Belief.POSSIBLE, because, (said,), steps, refused.act, weight=1.2)
    exact = _ON_NO_LIST in said.text or ("5.7.129" not in said.text and "RestrictedToRecipients" not in said.text)
    belief = Belief.LIKELY if exact else Belief.POSSIBLE
    act: Act = "recipient-side" if told_stranger(said, settings) else acting(said, replies, settings, refused.act)
    return Finding(belief, because, (said,), steps, act, weight=1.8)


def _restricted(said: Said, refused: Refusal) -> Finding:
    """The transfer agent's words for a list of senders, of a recipient or of the connector on the way."""
    because = "The message transfer agent says that a restriction holds for this recipient, or for a list or connector on the "
    because += "way: who may write there is set in its accept and reject lists, and this sender does not count as accepted. An "
    because += "accept list that is for groups counts members of groups only, not a mailbox that was entered there."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(refused), refused.act, weight=1.8)


def _in_other_words(said: Said, refused: Refusal) -> Finding | None:
    """A list server or another mail system says that only certain senders may write."""
    about = topics(said)
    if "members" not in about or about & _REASONS or by_microsoft(said) or _EXCHANGE.search(said.text):
        return None
    group = "groups.google.com" in said.text.lower()
    because = f"{refused.where} says that only members, or senders who are let in, may write to {refused.whom}."
    if group:
        because = f"Google Groups has no group {refused.whom}, or one that takes messages from its members only; it says no more."
    step = look(
        "Ask the owner of the list or group, by another way, to admit the sender's address as it stands in the refusal: nobody "
        "else can.",
        "",
        "portal",
    )
    belief = Belief.POSSIBLE if group else Belief.LIKELY
    return Finding(belief, because, (said,), (step,), "recipient-side", weight=1.6 if group else 1.3)


def _listed(setting: Configured, replies: tuple[Reply, ...], settings: tuple[Configured, ...]) -> Finding | None:
    """The lists of a recipient that mail does not reach, as somebody says."""
    filled = next((name for name in _LISTS if setting.items(name)), "")
    refused = restricted(setting, replies, settings) if filled else None
    if refused is None:
        return None
    count = len(setting.items(filled))
    entries = "1 entry" if count == 1 else f"{count} entries"
    because = f"{filled} of {refused.whom} has {entries}: "
    because += "nobody else may write there." if filled.startswith("Accept") else "they may not write there."
    because += " If it is mail of others that fails, this is why." if filled.startswith("Accept") else ""
    return Finding(Belief.POSSIBLE, because, (setting,), _steps(refused), refused.act, weight=1.9)


def _steps(refused: Refusal) -> tuple[Step, ...]:
    return (
        look(
            "See what kind of recipient it is, and its lists (for a mailbox: Get-Mailbox).",
            "Get-Recipient {recipient} | Format-List Name,RecipientTypeDetails; "
            "Get-DistributionGroup {recipient} | Format-List AcceptMessagesOnlyFrom*,RejectMessagesFrom*",
            refused.shell,
            recipient=refused.recipient,
        ),
        change(
            "If the sender should be allowed: add the sender, or a group the sender is a member of, to the accept list.",
            "Set-DistributionGroup {recipient} -AcceptMessagesOnlyFromSendersOrMembers @{{Add={sender}}}",
            shell=refused.shell,
            changes="One more allowed sender of this recipient (Set-Mailbox for a mailbox). Where the sender stands on the "
            "reject list, remove it there from RejectMessagesFromSendersOrMembers instead.",
            undo="The same command with @{Remove=…} in place of @{Add=…}.",
            verify="The sender's next message is delivered.",
            recipient=refused.recipient,
            sender="",
        ),
    )
