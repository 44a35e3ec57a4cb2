"""The receiving organization's own block entry refuses this sender.

## What is happening
Sender filtering, an IP block list kept by hand, a blocked-senders entry of a policy or of the recipient refuses the
sender or its address. Exchange Server says `554 5.1.0 Sender denied`, or that the client "does not have permissions to
submit to this server"; in Exchange Online the header says SFV:BLK (the recipient's own blocked senders) or SFV:SKB (a
policy's). It is an entry somebody made, no reputation service.

## What proves it
- SFV:BLK or SFV:SKB in X-Forefront-Antispam-Report
- the agent log names the Sender Filter Agent, or the Connection Filtering Agent with a local block list

## Not this when
- the agent log names a block list provider: then it is a public list
- Exchange Online says 5.1.0: more often an old address of a reply (`recipient.legacyexchangedn.stale`)

## References
- https://learn.microsoft.com/en-us/exchange/antispam-and-antimalware/antispam-protection/sender-filtering
- https://learn.microsoft.com/en-us/defender-office-365/message-headers-eop-mdo
- https://learn.microsoft.com/en-us/exchange/mail-flow/non-delivery-reports-and-bounce-messages/non-delivery-reports-and-bounce-messages
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.policy.remote_rejected import BARRACUDA
from diagnostics.causes.policy.said import refusal, reply_of
from diagnostics.causes.quota_throttle.words import has
from diagnostics.causes.reader import from_outside
from diagnostics.causes.recipient.lookup import by_microsoft
from diagnostics.causes.reputation.lists import of_microsoft
from diagnostics.causes.stories import told_as
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import AgentAction, Antispam, Configured, Told
from diagnostics.patterns import linear
from diagnostics.refusals import topics
from diagnostics.report import Act, Step

_ANOTHER: Final = ("spoof", "5.1.0 sender denied", "blocked using", "spamhaus")  # a gateway's rule, a public list
_SKB = "The message matched a blocked sender or domain of an anti-spam policy (SFV:SKB)"
_MISSED: Final = (
    "One mailbox misses what one sender, or one provider, writes, while other mail arrives, as you tell it: so does an entry "
    "among the blocked senders of the mailbox or of the organization, and the message lies in Junk or nowhere."
)
_BLK = "The sender stands on the recipient's own list of blocked senders (SFV:BLK)"

# What Exchange Server answers to an address on its own list, as its documentation words it (Set-IPBlockListConfig), and whose
# entry it is.
_ANSWERS: Final = {
    "was rejected by sender reputation": "its protocol analysis put there by itself, for a day, for what came from it",
    "was rejected by connection filtering": "somebody put there",
}
_REJECTED: Final = "Sender address rejected"
# And nothing behind it that names another reason: a domain that doesn't exist, a missing logon, a greylist.
_ONLY_REJECTED: Final = linear(
    r"(?i)sender address rejected(?::? (?:access |permission )?(?:denied|rejected|blocked)\.?)?[\s.'\")>\]#]*(?:$|\(in reply|;)"
)
# Words of other filters for an entry that somebody made against a sender.
_NAMES: Final = (
    "blacklist",
    "black list",
    "blocklist",
    "block list",
    "blocked sender",
    "user entry",
    "user domain entry",
    "manual block",
    "manually blocked",
    "envelope blocked",
    "SenderFilterConfig",
    "sender",
    "Absender",
    "Absenderadresse",
    "Absenderdomain",
    "expéditeur",
    "remitente",
    "mittente",
    "badmailfrom",
    "by this user",
    "by an entry",
    "by user",
    "user rules",
    "user preferences",
    "recipient preferences",
    "recipient",
    "recipients",
    "user refuse",
)


@cause(
    id="policy.antispam.sender-blocked",
    act="on-prem",
    says=(
        "5.1.0 Sender denied",
        "Recipient not authorized, your IP has been found on a block list",
        "External client with IP address",
        *_ANSWERS,
        _REJECTED,
        BARRACUDA,
        *_NAMES,
    ),
    against={
        "Message rejected as spam by Content Filtering": "judges the content; the sender filter says `Sender denied`",
        "using Customer Block list": "judges the sending server's address, not the sender's",
    },
)
def assess(
    anchor: Said | Antispam | AgentAction | Told,
    replies: tuple[Reply, ...],
    settings: tuple[Configured, ...],
    actions: tuple[AgentAction, ...],
) -> Finding | None:
    """The header's verdict and the agent's entry prove it; the reply's words are shared."""
    if isinstance(anchor, Told):
        return told_as("one-sender-never-arrives", anchor, _MISSED, (*_own_list(), *_on_premises("")[:1]), weight=1.7)
    if isinstance(anchor, Antispam):
        return _filed(anchor)
    if isinstance(anchor, AgentAction):
        return _acted(anchor)
    if any(each.source == anchor.source and each.by_provider for each in actions):
        return None
    if anchor.signature in _ANSWERS:
        return _on_its_list(anchor, replies, settings)
    if anchor.signature in (_REJECTED, BARRACUDA):
        return _by_table(anchor, replies)
    if anchor.signature in _NAMES:
        return _entered(anchor, replies)
    refused = refusal(anchor, replies)
    blocked = next((s for s in settings if s.kind == "sender-filter-config" and _entries(s)), None)
    because = f"{refused.where} refused the sender with `{anchor.signature}`, which its own block entries do."
    if anchor.signature.startswith("5.1.0") and not refused.online:
        belief = Belief.CONFIRMED if blocked else Belief.LIKELY
        reply = reply_of(anchor, replies)
        # Who holds the report is the sender; the list is kept where the mail was refused.
        reported = (reply is not None and reply.kind in ("ndr", "dsn")) or from_outside(anchor, replies, settings)
        away = blocked is None and reported
        act: Act = "recipient-side" if away else "on-prem"
        return Finding(belief, because, (anchor, blocked), _on_premises(""), act, weight=1.2)
    steps = _policies() if refused.online else _on_premises("")
    return Finding(Belief.POSSIBLE, because, (anchor,), steps, refused.act, weight=1.0 if refused.online else 1.6)


def _on_its_list(anchor: Said, replies: tuple[Reply, ...], settings: tuple[Configured, ...]) -> Finding:
    """Whose list it is, the sentence does not tell: who holds a bounce of it is the sender."""
    refused = refusal(anchor, replies)
    because = f"{refused.where} has the sending address on its own IP block list, which {_ANSWERS[anchor.signature]}."
    reply = reply_of(anchor, replies)
    reported = (reply is not None and reply.kind in ("ndr", "dsn")) or from_outside(anchor, replies, settings)
    act: Act = "recipient-side" if reported else "on-prem"
    return Finding(Belief.LIKELY, because, (anchor,), _addresses(), act, weight=1.2)


def _entered(anchor: Said, replies: tuple[Reply, ...]) -> Finding | None:
    """Other systems' words: they name the entry, and whoever holds the reply is the sender."""
    # A gateway's policy against spoofing is no entry against this sender.
    if "entry" not in topics(anchor) or of_microsoft(anchor.text) or has(anchor, *_ANOTHER):
        return None
    refused = refusal(anchor, replies)
    because = f"{refused.where} refuses this sender to {refused.whom} by an entry that somebody made there."
    return Finding(Belief.LIKELY, because, (anchor,), _ask_them(), "recipient-side", weight=1.2)


def _by_table(anchor: Said, replies: tuple[Reply, ...]) -> Finding | None:
    """A refusal without a reason, of the sender's address alone: an entry for the address or its domain is the plainest one."""
    plain = ":blocked)" in anchor.text if anchor.signature == BARRACUDA else bool(_ONLY_REJECTED.search(anchor.text))
    if not plain or by_microsoft(anchor):
        return None
    refused = refusal(anchor, replies)
    because = (
        f"{refused.where} refuses the sender and says no more: an entry for the address or its domain, in a list that "
    )
    because += "somebody keeps there, does that."
    return Finding(Belief.POSSIBLE, because, (anchor,), _ask_them(), "recipient-side", weight=1.0)


def _ask_them() -> tuple[Step, ...]:
    return (
        look(
            "Ask the recipient or their administrators, by another way, to remove the entry: nobody else can. Send them the "
            "refusal, and the sender's address as it stands in it.",
            "",
            "portal",
        ),
    )


def _entries(settings: Configured) -> bool:
    return any(settings.items(name) for name in ("BlockedSenders", "BlockedDomains", "BlockedDomainsAndSubdomains"))


def _filed(report: Antispam) -> Finding | None:
    verdict = report.get("SFV").upper()
    if verdict not in ("BLK", "SKB"):
        return None
    ip = report.get("CIP")
    because = _BLK if verdict == "BLK" else _SKB
    because += f"; it came from {ip}." if ip else "."
    if verdict == "BLK":
        return Finding(Belief.CONFIRMED, because, (report,), _own_list(), "recipient-side")
    return Finding(Belief.CONFIRMED, because, (report,), _policies(), "exchange-online")


def _acted(entry: AgentAction) -> Finding | None:
    agent = entry.agent.lower()
    reason = f"{entry.reason} {entry.reason_data}".lower()
    connection = agent.startswith("connection filter") and not entry.by_provider
    if not entry.failing or not (agent.startswith("sender filter") or connection):
        return None
    because = f"The {entry.agent} of this server refused `{entry.sender or entry.ip or 'the sender'}` ({entry.action}, "
    because += f"{entry.reason or 'no reason told'})."
    belief = Belief.LIKELY if connection and "local" not in reason else Belief.CONFIRMED
    domain = entry.sender.rpartition("@")[2]
    return Finding(belief, because, (entry,), _on_premises(domain), weight=1.1)


def _on_premises(domain: str) -> tuple[Step, ...]:
    return (
        look(
            "Read the block entries of the receiving server.",
            "Get-SenderFilterConfig | Format-List Enabled,BlockedSenders,BlockedDomains,BlockedDomainsAndSubdomains; "
            "Get-IPBlockListEntry | Format-Table Identity,IPRange,ExpirationTime,Comment",
        ),
        change(
            "If the entry isn't meant any more: remove it (a blocked address: -BlockedSenders; an IP: Remove-IPBlockListEntry).",
            "Set-SenderFilterConfig -BlockedDomains @{{Remove={domain}}}",
            changes="Mail from that domain is no longer refused by the sender filter; the other filters still judge it.",
            undo="The same command with @{Add=…} in place of @{Remove=…}.",
            verify="The sender's next message has no entry of the agent in Get-AgentLog.",
            domain=domain,
        ),
    )


def _addresses() -> tuple[Step, ...]:
    return (
        look(
            "Read the receiving server's IP block list: who holds only a bounce sends this to the recipient's administrators.",
            "Get-IPBlockListEntry | Format-Table Identity,IPRange,IsMachineGenerated,ExpirationTime,Comment",
        ),
    )


def _policies() -> tuple[Step, ...]:
    return (
        look(
            "Find the entry: in the anti-spam policies, or in the Tenant Allow/Block List.",
            "Get-HostedContentFilterPolicy | Format-List Name,BlockedSenders,BlockedSenderDomains; "
            "Get-TenantAllowBlockListItems -ListType Sender -Block | Format-Table Value,Action,ExpirationDate",
            "exchange-online-powershell",
        ),
    )


def _own_list() -> tuple[Step, ...]:
    return (
        look(
            "The recipient finds the entry under Outlook on the web, Settings, Mail, Junk email, Blocked senders, and "
            "removes it there if the sender is wanted. No administrator's policy is involved.",
            "",
            "portal",
        ),
    )
