"""The message is larger than the recipient's mail server accepts.

## What is happening
The other server announces its limit in the EHLO reply (`250-SIZE 26214400`) or refuses the message itself:
`552 5.2.3`, `552 5.3.4 Message size exceeds fixed limit`. Exchange doesn't even try when the announced size
is smaller: `SMTPSEND.OverAdvertisedSizeLimit`. Raising limits on our side changes nothing. Attachments grow
by a third when they are encoded.

## What proves it
- the server that refused is the recipient's, or its SIZE is below the message's size

## Not this when
- the SIZE of its EHLO reply is well above the message's size
- our own server refused it (`content-size.message.org-or-connector-limit`)
- the token is `RecipSizeLimit` (`content-size.message.recipient-limit`)
- large messages hang and time out instead of being refused (`network.path-mtu.black-hole`)

## References
- https://learn.microsoft.com/en-us/exchange/mail-flow/message-size-limits
- https://www.rfc-editor.org/rfc/rfc1870
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, look, shown
from diagnostics.causes.content_size.limits import (
    about_the_header,
    for_one_recipient,
    handed_in,
    inside,
    others_limit,
    own_limit,
    refused_a_client,
    refused_outside,
    session_of,
    told_the_client,
)
from diagnostics.causes.network.reach import kind_of
from diagnostics.causes.protocol.steps import read_ehlo
from diagnostics.causes.quota_throttle.mailbox_full import OF_THE_CLASS, only_the_class
from diagnostics.causes.recipient.lookup import address, domain, holders
from diagnostics.causes.recipient.steps import advise
from diagnostics.facts import Reply, Said, Session, SmtpReached
from diagnostics.mail_facts import Configured
from diagnostics.report import Step
from diagnostics.told_sizes import GROWN, told_size


@cause(
    id="content-size.message.remote-limit",
    act="recipient-side",
    says=(
        "SMTPSEND.OverAdvertisedSize",
        "SMTPSEND.BDATOverAdvertisedSize",
        "SMTPSEND.DATAOverAdvertisedSize",
        "message file too big",
        "mail size limit exceeded",
        "message size limit exceeded",
        "exceeded maximum inbound message size",
        "max message size exceeded",
        "message size exceeds maximum value",
        "exceeds maximum fixed size",
        "exceeds size limit",
        "message too large",
        "message is too large",
        "databytes limit",
        "exceeds administrative limit",
        "exceeds limit of",
        "maximum size allowed is",
        "maximum accepted size",
        "message size exceeds",
        "message too big",
        "email size exceeded",
        "e-mail size exceeded",
        "552 5.2.3",
        "523 5.2.3",
        "552 5.3.4",
        "552 Message size exceeds",
        "message size limits",
        "Message size exceeds fixed",
        "Message size exceeds maximum permitted",
        "Class=size",  # Forcepoint's service
        OF_THE_CLASS,
    ),
)
def assess(
    said: Said, sessions: tuple[Session, ...], replies: tuple[Reply, ...], objects: tuple[Configured, ...]
) -> Finding | None:
    """Who refused decides: the words, the host, or that it answered in a session of ours."""
    session = session_of(said, replies, sessions)
    refused_here = refused_a_client(said) or (session is not None and session.direction == "receive")
    ours = refused_here or own_limit(said) or inside(said) or told_the_client(said)
    if ours or for_one_recipient(said) or about_the_header(said):
        return None
    if said.signature == OF_THE_CLASS:
        because = "552 is also what a server says of a message that is too large for it."
        return Finding(Belief.POSSIBLE, because, (said,), _steps(""), weight=0.9) if only_the_class(said) else None
    own = next(iter(holders(address(said, replies), objects)), None)
    if own:
        because = (
            f"{own.name or 'The recipient'} is a recipient of your own organization: no other server's limit is met."
        )
        return Finding(Belief.RULED_OUT, because, (own,))
    name = domain(address(said, replies))
    whose = f"The mail server of {name}" if name else said.by or "The other mail server"
    because = f"{whose} does not accept messages as large as this one."
    if "overadvertisedsize" in said.text.lower():
        return Finding(Belief.CONFIRMED, because, (said,), _steps(name))
    theirs = others_limit(said) or refused_outside(said, replies) or _answered_us(session)
    if (theirs or "5.2.3" in said.text) and not handed_in(said):
        return Finding(Belief.LIKELY, because, (said,), _steps(name), weight=1.0)
    because = f"If {said.by or 'the server that refused'} is the recipient's, the limit is theirs."
    return Finding(Belief.POSSIBLE, because, (said,), _steps(name), weight=1.3)


@shown
def announced(offers: tuple[Session | SmtpReached, ...], objects: tuple[Configured, ...]) -> Finding | None:
    """The SIZE that the other server announces, beside the size that somebody tells of the message."""
    size = told_size(objects)
    sized = [each for each in offers if each.size and (isinstance(each, SmtpReached) or each.direction == "send")]
    if not size or not sized:
        return None
    least = min(sized, key=lambda each: each.size)
    whose = least.host or "The server that was asked"
    if least.size <= size * GROWN:
        because = (
            f"{whose} announces SIZE {least.size} ({least.size >> 20} MB), and the message has about {size >> 20} MB, "
        )
        because += "which encoded are a third more."
        return Finding(Belief.LIKELY, because, (least,), _steps(""))
    because = f"{whose} announces SIZE {least.size} ({least.size >> 20} MB): it takes messages of {size >> 20} MB."
    return Finding(Belief.RULED_OUT, because, (least,))


def _answered_us(session: Session | None) -> bool:
    """Whether the refusal came in a session that our server opened to another organization's."""
    return session is not None and session.direction == "send" and kind_of(session.remote_ip) == "public"


def _steps(name: str) -> tuple[Step, ...]:
    return (
        advise("Sender: make the attachment smaller, split it, or share it as a link; no setting on this side helps."),
        look(
            "To learn the limit, find the other server, and read SIZE in its EHLO reply.",
            "Resolve-DnsName {domain} -Type MX | Format-Table Name,Preference,NameExchange",
            "powershell",
            domain=name,
        ),
        read_ehlo("", "SIZE is the limit in bytes. An application hands over to its own relay: ask that one, then"),
    )
