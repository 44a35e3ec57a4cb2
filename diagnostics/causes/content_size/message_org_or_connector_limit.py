"""The message is larger than a limit of the sender's own organization, connector or mailbox.

## What is happening
Attachments grow by a third when they are encoded, so a file of 30 MB makes a message of 40 MB. The message
met the smallest of several limits on our side: the sender's mailbox (MaxSendSize), the organization
(Set-TransportConfig), a Send or Receive connector (MaxMessageSize), a site link, or for Outlook on Mac and
mobile devices the limit of the web service in web.config. `RESOLVER.RST.SendSizeLimit.Sender` names the
mailbox, `.Org` the organization, `ROUTING.SizeLimit` the route.

## What proves it
- the generating server is ours, and one of the limits is below the message's size, or below four thirds of the attachment's

## Not this when
- the limits of organization, connectors and mailbox were listed, and each is larger than the message
- another organization's server refused it (`content-size.message.remote-limit`)
- the token is `RecipSizeLimit` (`content-size.message.recipient-limit`)
- the text speaks of the header (`content-size.header.x-dg-ref`)

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow/message-size-limits
- https://learn.microsoft.com/en-us/exchange/mail-flow/non-delivery-reports-and-bounce-messages/non-delivery-reports-and-bounce-messages
"""

from __future__ import annotations

from typing import Final

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.content_size.limits import (
    ANYBODYS,
    OF_EVENT,
    OWN_LIMIT_OR_FULL,
    about_its_parts,
    about_the_header,
    by_neighbour,
    for_one_recipient,
    handed_in,
    inside,
    others_limit,
    own_limit,
    refused_a_client,
    refused_outside,
    session_of,
    told_the_client,
    written_bytes,
)
from diagnostics.causes.recipient.lookup import by_microsoft
from diagnostics.causes.recipient.steps import EXO, advise
from diagnostics.causes.store.exceptions import filed_too_large
from diagnostics.facts import Reply, Said, Session
from diagnostics.mail_facts import Configured
from diagnostics.report import Act, Step
from diagnostics.told_sizes import GROWN, told_size

_LIMITS: Final = ("MaxSendSize", "MaxReceiveSize", "MaxMessageSize")
_HOLDERS: Final = (
    "transport-config",
    "receive-connector",
    "mailbox",
    "recipient",
)  # a mailbox by its sizes alone is a recipient
_MAILBOXES: Final = ("mailbox", "recipient")
_BY_MTA = "content length of the message is too long"  # the transfer agent's, of the recipient's limit and of its own


@cause(
    id="content-size.message.org-or-connector-limit",
    act="on-prem",
    says=(
        "RESOLVER.RST.SendSizeLimit",
        "ROUTING.SizeLimit",
        "PICKUP.MessageSize",
        "REPLAY.MessageSize",
        "QUEUE.Priority; message too large",
        "MapiExceptionMaxSubmissionExceeded",
        "MapiExceptionMessageTooBig",
        "MapiExceptionTooBig",
        "Message size exceeds fixed maximum message size",
        "5.3.4",
        "exceeds size limit",
        "the size limit set by your administrator",
        "size of the message you are trying to send exceeds",
        "attachment size exceeds the allowable limit",
        "message size exceeds the maximum limit set on the server",
        OWN_LIMIT_OR_FULL,
        _BY_MTA,
        OF_EVENT,
        "Message size exceeds fixed",
        *ANYBODYS,
    ),
)
def assess(
    said: Said, _settings: Configured | None, replies: tuple[Reply, ...], sessions: tuple[Session, ...]
) -> Finding | None:
    """Exchange's own tokens prove it; the plain 5.3.4 is said on both sides."""
    if about_the_header(said) or for_one_recipient(said) or about_its_parts(said):
        return None
    online = by_microsoft(said)
    act: Act = "exchange-online" if online else "on-prem"
    session = session_of(said, replies, sessions)
    refused_here = refused_a_client(said) or (session is not None and session.direction == "receive")
    if refused_here or inside(said) or told_the_client(said):
        who = f"`{session.connector}`" if session and session.connector else said.by or "The server that was asked"
        because = f"{who} takes no message as large as this: a limit "
        because += "of the own organization or of its connector is met."
        return Finding(Belief.LIKELY, because, (said,), _steps(online), act, weight=1.0)
    if handed_in(said) and others_limit(said):
        because = "A program prints what the server said that it hands in at: where that is a relay or server of your own, the "
        because += "limit is yours (message_size_limit on Postfix), and else your provider's."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(online), act, weight=1.7)
    if others_limit(said):
        return _on_the_way(said, online, act) if by_neighbour(said, replies) else None
    if "storedrv.deliver" in said.text.lower():
        return _filed(said, online, act)
    if own_limit(said):
        because = f"The message is larger than {_which(said)} allows (attachments grow by a third when they are sent)."
        return Finding(Belief.CONFIRMED, because, (said,), _steps(online), act)
    if refused_outside(said, replies):
        return None
    who = said.by or "A server"
    because = f"{who} refused the message as too large for a limit of the organization or of a connector."
    if said.signature in ANYBODYS and "5.2.3" in said.text:
        return None  # the recipient's own
    weight = 1.0 if said.signature in (*ANYBODYS, _BY_MTA, OF_EVENT) else 1.8
    return Finding(Belief.POSSIBLE, because, (said,), _steps(online), act, weight=weight)


@shown
def limits(objects: tuple[Configured, ...]) -> Finding | None:
    """The smallest limit that was listed, beside the size that somebody tells. No list has all the limits on the way."""
    size = told_size(objects)
    listed = [
        (each, name, written_bytes(each.get(name))) for each in objects for name in _LIMITS if each.kind in _HOLDERS
    ]
    holder, name, limit = min((each for each in listed if each[2]), key=lambda each: each[2], default=(None, "", 0))
    if not size:
        return None
    if holder is None or limit > size * GROWN:
        return _large_enough(objects, size)
    because = f"{name} of {holder.name or 'the organization'} is {holder.get(name)}, and messages of about {size >> 20} MB fail, "
    because += "as you say: encoded they are a third larger."
    return Finding(Belief.LIKELY, because, (holder,), _steps(online=False))


def _large_enough(objects: tuple[Configured, ...], size: int) -> Finding | None:
    """Where the organization's limit, a connector's and the mailbox's were all listed, and each takes the message."""
    organization = next(
        (each for each in objects if each.kind == "transport-config" and each.told("MaxSendSize")), None
    )
    connector = next(
        (each for each in objects if each.kind == "receive-connector" and each.told("MaxMessageSize")), None
    )
    mailbox = next((each for each in objects if each.kind in _MAILBOXES and each.told("MaxSendSize")), None)
    if organization is None or connector is None or mailbox is None:
        return None
    because = (
        f"Every limit that was listed (the organization's MaxSendSize is {organization.get('MaxSendSize')}, that of "
    )
    because += f"{mailbox.name or 'the mailbox'} {mailbox.get('MaxSendSize')}) takes the {max(size >> 20, 1)} MB that you tell."
    return Finding(Belief.RULED_OUT, because, (organization, connector, mailbox))


def _on_the_way(said: Said, online: bool, act: Act) -> Finding:
    """Another server's words, of one that stands on the sender's side."""
    because = (
        f"{said.by or 'The server that refused'} has an internal address: if it is a relay or gateway of your own, the "
    )
    because += "limit is yours, and every large message that takes this way meets it."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(online), act, weight=1.1)


def _filed(said: Said, online: bool, act: Act) -> Finding:
    """The limit for sending was passed by then: what is too large is an item that delivery, or an agent in it, writes."""
    because = "The message had passed every limit on the way when the store refused to save it as too large: the mailbox of the "
    because += "recipient, or the mailbox that an agent writes with there, has a smaller limit than the route."
    belief = Belief.LIKELY if filed_too_large(said) else Belief.POSSIBLE
    return Finding(belief, because, (said,), _steps(online), act, weight=1.2)


def _which(said: Said) -> str:
    low = said.text.lower()
    if "sendsizelimit.org" in low:
        return "the organization's MaxSendSize"
    if "sendsizelimit" in low or "maxsubmission" in low:
        return "the sender's own send limit (MaxSendSize)"
    return "the route to the recipient"


def _steps(online: bool) -> tuple[Step, ...]:
    share = advise("Sender: make the attachment smaller, or share it as a link.")
    if online:
        return (
            look(
                "See the sender's limit.",
                "Get-Mailbox {sender} | Format-List Name,PrimarySmtpAddress,MaxSendSize,MaxReceiveSize",
                EXO,
                sender="",
            ),
            share,
            _raise_mailbox(online=True),
        )
    return (
        look(
            "Compare every limit on the way: the smallest one counts.",
            "Get-TransportConfig | Format-List MaxSendSize,MaxReceiveSize; Get-SendConnector | Format-List "
            "Name,AddressSpaces,MaxMessageSize; Get-ReceiveConnector | Format-List Identity,Bindings,MaxMessageSize; Get-Mailbox "
            "{sender} | Format-List Name,PrimarySmtpAddress,MaxSendSize,MaxReceiveSize",
            sender="",
        ),
        advise(
            "For Outlook on Mac and mobile devices also compare the limits of EWS and ActiveSync in "
            "their web.config files."
        ),
        share,
        _raise_mailbox(online=False),
        change(
            "If larger messages are wanted for everybody, raise the organization's limit, and "
            "MaxMessageSize of the connectors on the way.",
            "Set-TransportConfig -MaxSendSize 50MB -MaxReceiveSize 50MB",
            changes="Messages up to 50 MB may be sent and received in the organization.",
            undo="The same with the values that the first command showed.",
            verify="The first command shows the new values; the message is accepted after some minutes.",
        ),
    )


def _raise_mailbox(*, online: bool) -> Step:
    return change(
        "If the sender's own limit is the smallest, raise it.",
        "Set-Mailbox {sender} -MaxSendSize 50MB",
        shell=EXO if online else "exchange-management-shell",
        changes="This mailbox may send messages up to 50 MB.",
        undo="The same with the value that Get-Mailbox showed.",
        verify="The message is accepted after some minutes.",
        sender="",
    )
