"""The destination doesn't support the body type of the message.

## What is happening
A message with 8-bit or binary parts needs a destination that offers 8BITMIME (or BINARYMIME with CHUNKING). If
its EHLO reply lacks them, because the server is old or a firewall strips them, and the message can't be
converted, Exchange returns it: `554 5.6.1 Body type not supported by Remote Host`. Exchange 2007 before Service Pack 1
converts no attachments for such servers; later versions do.

## What proves it
- the destination's EHLO reply lacks 8BITMIME and CHUNKING

## Not this when
- the EHLO reply lists them
- the banner or the list is masked: then a firewall's inspection is at fault (`network.middlebox.esmtp-inspection`)

## References
- https://learn.microsoft.com/en-us/troubleshoot/exchange/mailflow/cannot-send-receive-email-behind-cisco-firewall
- https://www.rfc-editor.org/rfc/rfc3030
"""

from __future__ import annotations

from diagnostics.cause import Belief, Finding, cause, change, look, shown
from diagnostics.causes.protocol.steps import TELLING, read_ehlo
from diagnostics.facts import Reply, Said, Session, SessionMasked, SmtpReached
from diagnostics.report import Act, Step

_WORDS = (
    "Body type not supported",
    "Unsupported BODY",
    "Invalid BODY type",
    "Unsupported option: BODY=",
    "BODY=BINARYMIME not",
    "BODY=8BITMIME not",
    "does not support 8BITMIME",
    "does not speak 8BITMIME",
    "8bit mime not supported",
    "8BITMIME not supported",
    "BINARYMIME not supported",
)


@cause(
    id="protocol.body-type.unsupported",
    act="recipient-side",
    says=(*_WORDS, "5.6.1"),
    against={
        "bare LF": "is about the ends of lines; the type of the body was accepted",
    },
)
def assess(
    said: Said,
    _session: Session | None,
    sessions: tuple[Session, ...],
    masked: tuple[SessionMasked, ...],
    replies: tuple[Reply, ...],
) -> Finding | None:
    """The EHLO reply of the destination settles it."""
    host = said.by or said.host
    to = host or "The destination"
    mine = next((r.recipient.rpartition("@")[2] for r in replies if r.source == said.source and r.recipient), "")
    steps = _steps(host, mine)
    offered = next((s for s in reversed(sessions) if s.direction == "send" and s.capabilities), None)
    names = {each.split(" ")[0].upper() for each in offered.capabilities} if offered else set()
    if offered and "8BITMIME" in names and "CHUNKING" in names:
        because = f"{to} offers 8BITMIME and CHUNKING in its EHLO reply."
        return Finding(Belief.RULED_OUT, because, (offered,))
    if masked:
        because = f"{to} seems not to support the message's body type, but a device in between hides what it offers."
        return Finding(Belief.POSSIBLE, because, (said, masked[0]), steps, "network", weight=1.0)
    if offered and "8BITMIME" not in names:
        because = f"{to} does not offer 8BITMIME in its EHLO reply, which this message needs."
        return Finding(Belief.CONFIRMED, because, (offered, said), steps)
    because = f"{to} does not take the body type of the message (8-bit or binary)."
    worded = any(each.lower() in said.text.lower() for each in _WORDS)
    # Exchange's own words: it was here that the message could not be converted, and here that it can be made to.
    act: Act | None = "on-prem" if "by remote host" in said.text.lower() else None
    return Finding(Belief.LIKELY if worded else Belief.POSSIBLE, because, (said,), steps, act, weight=1.2)


@shown
def offers(reached: tuple[SmtpReached, ...]) -> Finding | None:
    """What a server lists when somebody greets it by hand."""
    listed = next((each for each in reversed(reached) if len(each.capabilities) >= TELLING), None)
    if listed is None:
        return None
    to = listed.host or "The server that was asked"
    if "8BITMIME" not in listed.capabilities:
        because = f"{to} does not offer 8BITMIME in its EHLO reply ({', '.join(listed.capabilities)})."
        return Finding(Belief.LIKELY, because, (listed,), _steps(listed.host, ""))
    if "CHUNKING" not in listed.capabilities:
        return None
    because = f"{to} offers 8BITMIME and CHUNKING in its EHLO reply."
    return Finding(Belief.RULED_OUT, because, (listed,))


def _steps(host: str, domain: str) -> tuple[Step, ...]:
    return (
        read_ehlo(host, "8BITMIME and CHUNKING should be in the list. Compare it from outside your own firewall"),
        look(
            "See whether the sending server is Exchange 2007 without a service pack (8.0): it converts no attachments, and "
            "its update cures this.",
            "Get-ExchangeServer | Format-Table Name,AdminDisplayVersion,ServerRole",
        ),
        look(
            "See whether a remote domain already covers the destination.",
            "Get-RemoteDomain | Format-Table Name,DomainName,ByteEncoderTypeFor7BitCharsets",
        ),
        change(
            "Until the destination is updated, let Exchange encode messages to that domain in 7 bits.",
            "New-RemoteDomain -Name {domain} -DomainName {domain}; "
            "Set-RemoteDomain {domain} -ByteEncoderTypeFor7BitCharsets UseQP",
            changes="Text in messages to that domain is sent as quoted-printable.",
            undo="Remove-RemoteDomain with that name.",
            verify="A message with accented text arrives there.",
            domain=domain,
        ),
    )
