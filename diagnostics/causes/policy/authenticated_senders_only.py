"""The recipient accepts mail only from authenticated, internal senders.

## What is happening
A mailbox, group, contact or mail user can be closed to everybody who isn't signed in to its own organization
(RequireSenderAuthenticationEnabled). For groups this is the default. A message from the Internet is anonymous and
is refused: `RESOLVER.RST.AuthRequired` on Exchange Server, 5.7.133 (group), 5.7.134 (mailbox), 5.7.136 (mail user),
5.7.12 or 5.7.193 (Microsoft 365 group) in Exchange Online. Only the recipient's organization can change it.

## What proves it
- RequireSenderAuthenticationEnabled is True on the recipient, and the sender is outside

## Not this when
- the sender is a colleague whose mail crossed between on-premises and cloud and arrived with AuthAs Anonymous: the
  hybrid connectors have lost the internal mark, and opening the recipient would only hide that
- the recipient is a public folder whose client permissions refuse (`policy.restriction.public-folder-permission`)
- the setting is False

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-5-7-133-in-exchange-online
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/fix-error-code-5-7-134-in-exchange-online
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/550-5-7-193-when-external-users-send-to-microsoft-365-group
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import EMS, Belief, Finding, cause, change, look
from diagnostics.causes.hybrid.crossing import crossing, unpromoted
from diagnostics.causes.hybrid.send_cloudservicesmail_disabled import strips, strips_outbound
from diagnostics.causes.network.reach import told_crossing
from diagnostics.causes.policy.said import Refusal, addresses, recipient_settings, refusal, restricted
from diagnostics.causes.reader import acting, told_stranger
from diagnostics.causes.recipient.steps import EXO
from diagnostics.facts import Fact, Reply, Said, SendConnector
from diagnostics.mail_facts import Antispam, Configured, Headers, Hops, Returned, Told
from diagnostics.report import Act, Shell, Step

_SWITCH: Final = "RequireSenderAuthenticationEnabled"
_NOUNS: Final = (
    ("5.7.134", "Mailbox"),
    ("ForMailbox", "Mailbox"),
    ("5.7.136", "MailUser"),
)


RESTRICTED: Final = "wasn't delivered because of security policies"
# Exchange's sentence above a 5.7.1 of its own organization: of a recipient that not everybody may write to, or of a rule.
PERMISSION: Final = "You do not have permission to send to this recipient"


@cause(
    id="policy.restriction.authenticated-senders-only",
    act="on-prem",
    says=(
        "RESOLVER.RST.AuthRequired",
        "RESOLVER.RST.SenderNotAuthenticatedForGroup",
        "RESOLVER.RST.SenderNotAuthenticatedForMailbox",
        "SenderNotAuthenticatedForGroup",
        "SenderNotAuthenticatedForMailbox",
        "Sender was not authenticated by organization",
        "only accepts messages from people in its organization",
        "5.7.133",
        "5.7.134",
        "5.7.135",
        "5.7.136",
        "5.7.193",
        RESTRICTED,
        PERMISSION,
    ),
)
def assess(
    said: Said | Told | Configured,
    replies: tuple[Reply, ...],
    settings: tuple[Configured, ...],
    headers: Headers | None,
    connectors: tuple[SendConnector, ...],
    hops: Hops | None,
    returned: Returned | None,
    spam: tuple[Antispam, ...],
) -> Finding | None:
    """The words are plain; what remains open is whether the sender really is a stranger."""
    if not isinstance(said, Said):
        return _unrefused(said, replies, settings)
    refused = refusal(said, replies, settings)
    setting = recipient_settings(settings, refused.recipient)
    closed = setting.flag(_SWITCH) if setting else None
    if closed is False:
        return Finding(Belief.RULED_OUT, f"{_SWITCH} is False on {refused.whom}.", (setting, said))
    if said.signature == RESTRICTED:
        because = "Exchange up to 2010 says this of 5.7.1 from its own organization: the recipient, a group most often, takes "
        because += "mail from authenticated senders only, or from some senders."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(refused, said.text), refused.act, weight=1.8)
    if said.signature == PERMISSION:
        because = "The report says that this sender may not write to the recipient, and not by which setting: if it takes mail "
        because += "from authenticated senders only, whoever comes as a stranger is refused so."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(refused, said.text), refused.act, weight=0.9)
    because = f"{refused.where} says that {refused.whom} takes mail only from authenticated senders of its own "
    because += "organization; this message arrived as anonymous."
    steps = _steps(refused, said.text)
    between = _between(settings, connectors, closed=bool(closed))
    if between:
        why, shown = between
        because += f" {why}: then the recipient must not be opened."
        return Finding(Belief.POSSIBLE, because, (said, shown), steps[:1], refused.act, weight=1.3)
    vouched = unpromoted([headers] if headers else [], spam)
    if vouched:
        because += " Exchange Online had called the sender internal: the server here dropped that, and the recipient must not be "
        because += "opened."
        return Finding(Belief.POSSIBLE, because, (said, vouched), steps[:1], refused.act, weight=1.3)
    inside = _colleague(refused, headers)
    if inside:
        because += f" The sender's domain is the recipient's own ({inside}): then the mail lost its internal mark on "
        because += "the way, and the recipient must not be opened."
        return Finding(Belief.POSSIBLE, because, (said,), steps[:1], refused.act, weight=1.3)
    own = crossing(refused.recipient.rpartition("@")[2], (returned, hops))
    if own:
        because += f" It came from {own.first}, a server of the recipient's own organization: then it lost its internal mark on "
        because += "the way, and the recipient must not be opened."
        return Finding(Belief.POSSIBLE, because, (said, own.fact), steps[:1], refused.act, weight=1.3)
    if closed:
        because += f" {_SWITCH} is True."
        if _senders(headers):
            return Finding(Belief.CONFIRMED, because, (said, setting), steps, refused.act)
        # A colleague whose mail lost its internal mark meets the same switch.
        because += " Whether the sender is a stranger, the headers of the message tell."
        return Finding(Belief.LIKELY, because, (said, setting), steps, refused.act, weight=1.5)
    act: Act = "recipient-side" if told_stranger(said, settings) else acting(said, replies, settings, refused.act)
    if "5.7.135" in said.text or "public folder" in said.text.lower():
        return Finding(Belief.POSSIBLE, because, (said,), steps, act, weight=1.0)
    because += f" The switch is {_SWITCH}; it is on by default for groups."
    return Finding(Belief.LIKELY, because, (said,), steps, act, weight=1.0)


def _unrefused(told: Told | Configured, replies: tuple[Reply, ...], settings: tuple[Configured, ...]) -> Finding | None:
    """No server's words: what a person tells, or the switch beside it."""
    return _told(told, replies) if isinstance(told, Told) else _set(told, replies, settings)


def _told(told: Told, replies: tuple[Reply, ...]) -> Finding | None:
    """A group that only colleagues reach. A filter in front answers strangers as if it did not exist."""
    if told.story == "outsiders-fail-at-the-group":
        because = "Whoever writes to the group from outside hears an error, as you tell it: a group takes mail from "
        because += f"authenticated senders only until that is changed ({_SWITCH} is on by default)."
        return Finding(Belief.POSSIBLE, because, (told,), _switched("DistributionGroup", EMS, ""), weight=1.5)
    if told.story != "group-closed-to-outsiders":
        return None
    because = "Only colleagues reach the group, as you tell it: a new one takes mail from authenticated senders only "
    because += f"({_SWITCH} is on by default)."
    hidden = next((each for each in replies if each.enhanced == "5.1.1"), None)
    if hidden:
        because += " The recipient filter of Exchange answers strangers `550 5.1.1 User unknown` then, as if there was no group."
    wanted = next((each.recipient for each in replies if each.recipient), "")
    steps = _switched("DistributionGroup", EMS, wanted)
    return Finding(Belief.POSSIBLE, because, (told, hidden), steps, weight=2.0 if hidden else 1.7)


def _set(setting: Configured, replies: tuple[Reply, ...], settings: tuple[Configured, ...]) -> Finding | None:
    """The switch of a recipient that mail does not reach, as somebody says."""
    closed = restricted(setting, replies, settings) if setting.flag(_SWITCH) else None
    if closed is None:
        return None
    because = (
        f"{_SWITCH} is True on {closed.whom}: whoever writes from outside is refused. If it is such mail that fails, "
    )
    because += "this is why; a colleague's passes."
    mailbox = setting.kind == "mailbox" or "mailbox" in setting.get("RecipientTypeDetails").lower()
    steps = _switched("Mailbox" if mailbox else "DistributionGroup", closed.shell, closed.recipient)
    return Finding(Belief.POSSIBLE, because, (setting,), steps, closed.act, weight=1.6)


def _between(
    settings: tuple[Configured, ...], connectors: tuple[SendConnector, ...], *, closed: bool
) -> tuple[str, Fact] | None:
    """Why colleagues may arrive as strangers on their way between the premises, and what was sent or told of it."""
    stranger = next((each for each in settings if each.kind == "receive-connector" and _strangers(each)), None)
    if stranger and not closed:
        why = f"{stranger.name or 'The Receive connector'} has no TlsDomainCapabilities, so colleagues in Exchange Online arrive "
        return why + "as strangers", stranger
    stripping = (*(each for each in connectors if strips(each)), *(each for each in settings if strips_outbound(each)))
    if stripping:
        why = f"{stripping[0].connector or 'The connector between the premises'} drops the organization's headers "
        return why + "(CloudServicesMailEnabled is off), so colleagues arrive as strangers", stripping[0]
    told = told_crossing(settings)
    if told and not closed:
        return (
            "Colleagues whose mail crosses between on-premises and cloud arrive so where its headers are dropped",
            told,
        )
    return None


def _strangers(connector: Configured) -> bool:
    """Whether the connector for mail from outside lets nobody in as a part of the organization."""
    told = any(name.lower() == "tlsdomaincapabilities" for name, _ in connector.values)
    return told and not connector.get("TlsDomainCapabilities").strip("{} ")


def _colleague(refused: Refusal, headers: Headers | None) -> str:
    """The domain that the sender shares with the recipient; "" when they differ or one isn't told."""
    domain = refused.recipient.rpartition("@")[2].casefold()
    return domain if domain and domain in _senders(headers) else ""


def _senders(headers: Headers | None) -> set[str]:
    """The domains that the message's author writes from."""
    return {a.rpartition("@")[2].casefold() for a in addresses(headers.get("from"))} if headers else set()


def _steps(refused: Refusal, text: str) -> tuple[Step, ...]:
    if "5.7.193" in text:  # a Microsoft 365 group: those are in Exchange Online alone
        return _switched("UnifiedGroup", EXO, refused.recipient)
    kind = next((noun for words, noun in _NOUNS if words in text), "DistributionGroup")
    return _switched(kind, refused.shell, refused.recipient)


def _switched(kind: str, shell: Shell, recipient: str) -> tuple[Step, ...]:
    return (
        look(
            "See what kind of recipient it is; then read the switch on it.",
            "Get-Recipient {recipient} | Format-List Name,RecipientTypeDetails; "
            f"Get-{kind} {{recipient}} | Format-List Name,{_SWITCH},AcceptMessagesOnlyFrom*",
            shell,
            recipient=recipient,
        ),
        change(
            "Only if outside senders are wanted there: admit them.",
            f"Set-{kind} {{recipient}} -{_SWITCH} $false",
            shell=shell,
            changes=f"{_SWITCH} of this recipient: everybody on the Internet can then write to it. For another kind of "
            "recipient the same parameter is on Set-Mailbox, Set-MailUser, Set-MailContact or Set-UnifiedGroup.",
            undo=f"The same command with -{_SWITCH} $true.",
            verify="A message from outside arrives (allow some minutes for replication).",
            recipient=recipient,
        ),
    )
