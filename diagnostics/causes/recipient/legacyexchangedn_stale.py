"""Outlook sends to an old internal (X.500) address that no object owns any more.

## What is happening
Inside an organization Exchange addresses people by their legacyExchangeDN. Outlook's AutoComplete, old
messages, meetings and saved .msg files keep it. When the mailbox was recreated, migrated or removed, no
object has that name any more, and the reply goes to `IMCEAEX-_O=…`, the same name in the clothes of an SMTP
address: `550 5.1.1` or `5.1.11 RESOLVER.ADR.ExRecipNotFound`.

## What proves it
- the recipient in the report begins with `IMCEAEX-`
- the report prints the recipient as `/O=…/OU=…/CN=…` and has a code of addresses (5.1.x), or as an X.400 address with
  `dda:MSEXCHANGE=/o=…` and says `The recipient name is not recognized`
- the report calls the recipient's address a LegacyExchangeDN address
- mail to the same person works when the SMTP address is typed by hand

## Not this when
- the recipient is an ordinary SMTP address
- it begins with `IMCEAINVALID-` (`recipient.address.invalid-syntax`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/imceaex-ndr
- https://learn.microsoft.com/en-us/exchange/mail-flow/non-delivery-reports-and-bounce-messages/non-delivery-reports-and-bounce-messages
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look
from diagnostics.causes.network.reach import told_crossing
from diagnostics.causes.recipient.lookup import by_microsoft, encapsulated, refused_by_server
from diagnostics.causes.recipient.steps import EXO, advise
from diagnostics.causes.store.delegate_stale_entry import BYSTANDER
from diagnostics.facts import Reply, Said
from diagnostics.mail_facts import Configured
from diagnostics.patterns import linear
from diagnostics.report import Act, Shell, Step

_ENCAPSULATED = linear(r"(?i)\bIMCEAEX-([^\s@<>'\"]{3,512})@")
_NAMED_SO = "is a LegacyExchangeDN address"  # Exchange Online's report, in its part for administrators
# Of the transfer agent of Exchange 5.5 to 2003, which looks every recipient up by its directory name.
_NOT_RECOGNISED = "The recipient name is not recognized"
_ESCAPED = linear(r"\+([0-9A-Fa-f]{2})")


@cause(
    id="recipient.legacyexchangedn.stale",
    act="on-prem",
    says=(
        "IMCEAEX-",
        "RESOLVER.ADR.ExRecipNotFound",
        "Recipient not found by Exchange Legacy encapsulated email address lookup",
        "5.1.11",
        _NAMED_SO,
        _NOT_RECOGNISED,
    ),
    against={
        "Delegate user validation failed": "is about a delegate of the mailbox; its own address was found",
    },
)
def assess(anchor: Said | Reply, replies: tuple[Reply, ...], told: tuple[Configured, ...]) -> Finding | None:
    """An IMCEAEX recipient that was not found proves it; the words alone nearly do."""
    meeting = next((each for each in told if each.kind == BYSTANDER), None)
    if meeting:
        because = "The address that was not found is an internal one; but nobody wrote to it, so a cached entry of the sender's "
        because += "is the lesser suspect."
        return Finding(Belief.POSSIBLE, because, (anchor, meeting), _steps("", False), weight=1.0)
    if isinstance(anchor, Reply):
        return _from_recipient(anchor)
    mine = [each for each in replies if each.source == anchor.source]
    if anchor.signature == _NOT_RECOGNISED:
        return _not_recognised(anchor, replies)
    name = next((found for each in mine if (found := legacy_name(each.recipient))), "") or legacy_name(anchor.text)
    low = anchor.text.lower()
    online = by_microsoft(anchor)
    act = _acting(online)
    if anchor.signature == _NAMED_SO and not name:
        because = "The report says that the recipient is a LegacyExchangeDN, an internal Exchange address that Exchange Online "
        because += "does not know: an AutoComplete entry or an old message holds it."
        return Finding(Belief.LIKELY, because, (anchor,), _steps("", True), "sender", weight=1.2)
    not_found = "exrecipnotfound" in low or "legacy encapsulated" in low
    if not not_found and not name:
        because = "5.1.11 speaks of an internal Exchange address, but the text names none."
        if "imceaex-" in low:
            because = "The text has an internal Exchange address (IMCEAEX), cut off before its end."
        return Finding(Belief.POSSIBLE, because, (anchor,), _steps("", online), act, weight=1.0)
    because = "An internal Exchange address was looked up and no object owns it any more"
    crossing = told_crossing(told)
    if crossing and not name:
        because += "; but sender and mailbox are on two sides of a hybrid, where it may be known on the other one only."
        return Finding(Belief.POSSIBLE, because, (anchor, crossing), _steps("", online), act, weight=1.2)
    if name:
        return Finding(Belief.CONFIRMED, f"{because}: `{_shown(name)}`.", (anchor,), _steps(name, online), act)
    return Finding(Belief.LIKELY, f"{because}.", (anchor,), _steps("", online), act, weight=1.0)


def _not_recognised(said: Said, replies: tuple[Reply, ...]) -> Finding | None:
    """A transfer agent's report: a directory name as the recipient tells how it was looked up. One that has no address may
    be known by such a name all the same, unless a mail server refused it."""
    recipient = next((each.recipient for each in replies if each.source == said.source), "")
    if encapsulated(recipient):
        because = f"The transfer agent looked for `{_shown(recipient)}`, a name of Exchange's own directory, and nobody has it "
        because += "now: the object was moved, migrated or made anew, and an old message or an address book entry keeps the name."
        return Finding(Belief.LIKELY, because, (said,), _steps(recipient, False), weight=1.3)
    if refused_by_server(replies) or any("@" in each.recipient for each in replies):
        return None
    because = "Transfer agents look a recipient up by the name in Exchange's own directory, not by the address: an entry in an "
    because += "address book of one's own, or an old message that is replied to, may hold one that nobody has any more."
    return Finding(Belief.POSSIBLE, because, (said,), _steps("", False), weight=1.3)


def _from_recipient(reply: Reply) -> Finding | None:
    """A report that was translated or shortened still names the recipient."""
    if reply.recipient.lower().startswith("/o=") and reply.enhanced.startswith("5.1."):
        because = f"The report names the recipient `{_shown(reply.recipient)}`, as Exchange's own directory did: nobody has that "
        because += "name any more. What was sent to it answers an old message, or a meeting whose organizer is gone."
        return Finding(Belief.LIKELY, because, (reply,), _steps(reply.recipient, False), weight=1.2)
    name = legacy_name(reply.recipient)
    if not name or not reply.enhanced.startswith(("5.1.", "5.0.0")):
        return None
    online = reply.by.endswith(".outlook.com")
    because = f"The message went to `{_shown(name)}`, an internal Exchange address that was not found."
    return Finding(Belief.CONFIRMED, because, (reply,), _steps(name, online), _acting(online))


def _acting(online: bool) -> Act:
    """Who can mend it for every sender: the organization whose directory was asked."""
    return "exchange-online" if online else "on-prem"


def legacy_name(text: str) -> str:
    """The legacyExchangeDN inside an IMCEAEX address, `_` and `+xx` undone; "" where there is none that can be shown.

    An address that a wrapped line cut off before its `@` is none: a command with half a name mends nothing.
    """
    found = _ENCAPSULATED.search(text) if "IMCEAEX-" in text.upper() else None  # few texts need the pattern made
    if not found:
        return ""
    plain = str(found.group(1)).replace("_", "/")
    name = str(_ESCAPED.sub(lambda hexed: chr(int(hexed.group(1), 16)), plain))
    return name if name.isprintable() else ""


def _shown(name: str) -> str:
    return name if len(name) <= 160 else name[:159] + "…"


def _steps(name: str, online: bool) -> tuple[Step, ...]:
    shell: Shell = EXO if online else "exchange-management-shell"
    return (
        advise(
            "Sender: delete the person's AutoComplete entry in Outlook, pick the recipient from the address "
            "book or type the SMTP address, and send anew instead of replying. That mends it for this sender."
        ),
        look(
            "See whether any object still carries the old name.",
            "Get-Recipient -ResultSize Unlimited | Where-Object "
            "{{ $_.EmailAddresses -contains ('X500:' + {name}) }} | Format-List Name,PrimarySmtpAddress",
            shell,
            name=name,
        ),
        change(
            "To mend it for everybody, give the person's mailbox the old name as an X500 address.",
            "Set-Mailbox {mailbox} -EmailAddresses @{{Add=('X500:' + {name})}}",
            shell=shell,
            changes="Adds the old internal address to that mailbox, so replies to old messages reach it.",
            undo="The same with @{Remove=…} in place of @{Add=…}.",
            verify="A reply to the old message arrives. A synchronized mailbox takes the address on-premises.",
            mailbox="",
            name=name,
        ),
    )
